// Something-Something v2's lists (Goyal et al. 2017, arXiv:1706.04261): train.json, validation.json and test.json with
// {"id", "template"} a clip, labels.json with {"template without brackets": "number"}. Clips are {id}.webm, or folders
// of frames called {id}. The published test list has no templates: --test-split validation is what papers report.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graft/data/clip_places.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/problems.h"
#include "graft/data/split_lists.h"
#include "graft/text/text_file.h"

namespace graft::data::something_something {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool is_labels(const fs::path& file) {
  return file.extension() == ".json" && file.stem().string().ends_with("labels");
}

std::vector<fs::path> lists_in(const fs::path& folder, bool labels) {
  auto files = files_in(folder);
  std::erase_if(files, [&](const fs::path& file) {
    const bool list = file.extension() == ".json" && !split_of_list(file.stem().string()).empty();
    return labels ? !is_labels(file) : is_labels(file) || !list;
  });
  return files;
}

bool recognises(const fs::path& path) {
  return fs::is_directory(path) && lists_in(path, true).size() == 1 && !lists_in(path, false).empty();
}

json parsed(const fs::path& file) {
  return json::parse(text::read_text_file(file), nullptr, /*allow_exceptions=*/false);
}

// Templates by their number, which is a string in the file.
std::map<int, std::string> read_labels(const fs::path& file) {
  const json whole = parsed(file);
  std::map<int, std::string> names;
  if (!whole.is_object()) throw DataError("data", "{}: expected {{\"template\": \"number\", ...}}.", file.string());
  for (const auto& [name, value] : whole.items()) {
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || text.size() > 6 ||
        !names.try_emplace(std::stoi(text), name).second) {
      throw DataError("data", "{}: the class \"{}\" has the number {}: expected each number once.", file.string(), name,
                      text);
    }
  }
  if (names.empty()) throw DataError("data", "{}: expected {{\"template\": \"number\", ...}}.", file.string());
  return names;
}

void read(const SplitList& list, const std::map<int, std::string>& labels, ClipPlaces& places, Listing& listing,
          Problems& problems) {
  const json whole = parsed(list.file);
  const std::string name = list.file.filename().string();
  if (!whole.is_array()) return problems.add("{}: expected a list of {{\"id\", \"template\"}}.", name);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const json& one = whole[i];
    const auto of = [&](const char* key) {
      const auto found = one.is_object() ? one.find(key) : one.end();
      if (!one.is_object() || found == one.end()) return std::string();
      return found->is_string() ? found->get<std::string>() : found->dump();
    };
    const std::string where = fmt::format("{}, {}", name, i), id = of("id");
    std::string label = of("template");
    std::erase_if(label, [](char c) { return c == '[' || c == ']'; });
    if (id.empty() || label.empty()) {
      problems.add("{}: expected an id and a template{}.", where,
                   label.empty() ? " (the published test list has none: --test-split validation)" : "");
    } else if (std::ranges::none_of(labels, [&](const auto& known) { return known.second == label; })) {
      problems.add("{}: the template \"{}\" is not among the labels.", where, label);
    } else {
      listing.records.push_back({.input = places.find({id}), .label = label, .split = list.split, .where = where});
    }
  }
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  if (!fs::is_directory(path) || !recognises(path))
    throw DataError("data", "{}: expected a folder with labels.json, train.json and validation.json.", path.string());
  auto listing = empty_listing(path, "something-something", Reads::clip);
  const auto labels = read_labels(lists_in(path, true).front());
  for (const auto& [number, name] : labels)
    listing.more_classes.push_back(name);
  Problems problems(listing.subject);
  ClipPlaces places(path);
  const auto lists = split_lists(lists_in(path, false), options);
  for (const auto& list : lists.lists)
    read(list, labels, places, listing, problems);
  problems.throw_if_any();
  Dataset dataset = assemble(std::move(listing), options);
  dataset.notes.insert(dataset.notes.end(), lists.notes.begin(), lists.notes.end());
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"something-something", "Something-Something's train.json, validation.json and labels.json",
                       recognises, open};

}  // namespace graft::data::something_something
