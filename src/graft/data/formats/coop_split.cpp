// CoOp's split files (Zhou et al. 2022, arXiv:2109.01134), split_zhou_NAME.json: {"train": [[file, label, class name],
// ...], "val": ..., "test": ...}. Files are relative to the data set's image folder, which CoOp's code knows by data
// set; here it is the split file's folder or the first folder inside it that has the first photo.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/problems.h"
#include "graft/text/text_file.h"

namespace graft::data::coop_split {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool is_split_file(const fs::path& file) {
  return file.filename().string().starts_with("split_") && file.extension() == ".json";
}

fs::path split_file(const fs::path& path) {
  if (!fs::is_directory(path)) return is_split_file(path) ? path : fs::path();
  auto files = files_in(path);
  std::erase_if(files, [](const fs::path& file) { return !is_split_file(file); });
  return files.size() == 1 ? files.front() : fs::path();
}

json read_splits(const fs::path& file) {
  return json::parse(text::read_text_file(file), nullptr, /*allow_exceptions=*/false);
}

// In a folder, another program's split_*.json is not taken for one of CoOp's.
bool recognises(const fs::path& path) {
  const fs::path file = split_file(path);
  if (file.empty() || !fs::is_directory(path)) return !file.empty();
  const json whole = read_splits(file);
  return !whole.is_object() || std::ranges::any_of(whole, [](const json& value) { return value.is_array(); });
}

bool is_entry(const json& entry) {
  return entry.is_array() && entry.size() == 3 && entry[0].is_string() && entry[1].is_number_integer() &&
         entry[2].is_string();
}

// Fills one split, and the class names by label.
std::vector<Sample> read_entries(const json& entries, const std::string& split,
                                 std::map<std::int64_t, std::string>& names, Problems& problems) {
  std::vector<Sample> samples;
  if (!entries.is_array()) {
    problems.add("'{}': expected a list.", split);
    return samples;
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const json& entry = entries[i];
    if (!is_entry(entry)) {
      problems.add("'{}' {}: expected [\"file\", label, \"class name\"].", split, i);
      continue;
    }
    const auto label = entry[1].get<std::int64_t>();
    const auto name = text::normal_name(entry[2].get_ref<const std::string&>());
    if (label < 0) {
      problems.add("'{}' {}: label {}, expected 0 or more.", split, i, label);
      continue;
    }
    const auto [known, is_new] = names.try_emplace(label, name);
    if (!is_new && known->second != name) {
      problems.add("'{}' {}: label {} is '{}' here and '{}' before.", split, i, label, name, known->second);
    }
    samples.push_back({entry[0].get<std::string>(), label});
  }
  return samples;
}

fs::path image_root(const fs::path& folder, const std::string& first) {
  if (fs::exists(folder / first)) return folder;
  std::vector<fs::path> inside;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.is_directory(error) && fs::exists(entry.path() / first, error)) inside.push_back(entry.path());
  }
  if (inside.empty()) {
    throw DataError("data",
                    "{}: the photo '{}' is neither here nor in a folder inside. Put the split file beside the "
                    "photos' folder.",
                    folder.string(), first);
  }
  return *std::ranges::min_element(inside);
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const fs::path file = split_file(path);
  if (file.empty()) throw DataError("data", "{}: expected a split_*.json file, or a folder with one.", path.string());
  const json whole = read_splits(file);
  if (!whole.is_object()) throw DataError("data", "{}: is not a JSON object with splits.", file.string());

  Problems problems(fmt::format("{} (read as coop-split; --format names another)", file.string()));
  Dataset dataset;
  dataset.source = file;
  std::set<std::string> found;
  for (const auto& [split, entries] : whole.items())
    found.insert(split);
  const SplitNames split_names(found, options);
  std::map<std::int64_t, std::string> names;
  for (const auto& [split, entries] : whole.items()) {
    const auto samples = read_entries(entries, split, names, problems);
    dataset.found_splits.push_back(split);
    if (const auto trouble = split_names.trouble(split); !trouble.empty()) problems.add("{}", trouble);
    for (const Split one : split_names.of(split))
      dataset.split(one) = samples;
    if (split_names.of(split).empty())
      dataset.remarks.push_back(fmt::format("left: {} in the split '{}'", samples.size(), split));
  }
  std::int64_t expected = 0;
  for (const auto& [label, name] : names) {
    if (label != expected)
      problems.add("label {} comes after {}: the classes between have no photo.", label, expected - 1);
    expected = label + 1;
    dataset.classes.push_back(name);
  }
  if (!options.classes.empty()) {
    const auto listed = class_names(options.classes);
    if (listed.size() != dataset.classes.size()) {
      problems.add("{} lists {} classes, the splits have {}.", options.classes, listed.size(), dataset.classes.size());
    }
    dataset.classes = listed;
  }
  problems.throw_if_any();

  std::string stem = file.stem().string();
  for (const std::string prefix : {"split_zhou_", "split_"}) {
    if (stem.starts_with(prefix)) stem.erase(0, prefix.size());
  }
  dataset.name = stem;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const auto& any = !dataset.train.empty() ? dataset.train : dataset.test;
  dataset.root = any.empty() ? folder : image_root(folder, any.front().input);
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"coop-split", "CoOp's split_zhou_NAME.json beside its photos' folder", recognises, open};

}  // namespace graft::data::coop_split
