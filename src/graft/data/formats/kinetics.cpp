// Kinetics' lists (Kay et al. 2017, arXiv:1705.06950): CSV with label, youtube_id, time_start, time_end and split. A
// trimmed clip is called {youtube_id}_{start:06}_{end:06}.mp4 and lies in a folder of its class, of its split, of both
// or of none. Copies of Kinetics lack thousands of clips: what is not there is told as any file that cannot be read.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "graft/data/clip_places.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/numbers.h"
#include "graft/data/problems.h"
#include "graft/data/split_lists.h"
#include "graft/data/table.h"

namespace graft::data::kinetics {
namespace {

namespace fs = std::filesystem;

bool is_list(const fs::path& file) try {
  if (file.extension() != ".csv") return false;
  const auto names =
      parse_table(first_line(file), TableKind::csv, file.filename().string(), Header::none).rows.front().cells;
  return std::ranges::all_of(std::array{"youtube_id", "time_start", "time_end"},
                             [&](const char* name) { return std::ranges::find(names, name) != names.end(); });
} catch (const Error&) {
  return false;
}

std::vector<fs::path> lists_in(const fs::path& folder) {
  auto files = files_in(folder);
  std::erase_if(files, [](const fs::path& file) { return !is_list(file); });
  return files;
}

bool recognises(const fs::path& path) {
  return fs::is_directory(path) ? !lists_in(path).empty() : is_list(path);
}

// Whole ones, as they stand in a clip's name.
std::optional<int> seconds(const std::string& cell) {
  const auto value = number_from_zero(cell);
  if (!value || *value > 999'999) return std::nullopt;
  return static_cast<int>(*value);
}

// Kinetics' quotes are no part of a name.
std::string class_of(std::string cell) {
  std::erase(cell, '"');
  return cell;
}

void read(const fs::path& file, const std::string& split_of_file, ClipPlaces& places, Listing& listing,
          std::vector<std::string>& unlabelled, Problems& problems) {
  const Table table = read_table(file);
  const auto id = *table.column("youtube_id"), start = *table.column("time_start"), end = *table.column("time_end");
  const auto label = table.column("label"), split = table.column("split");
  if (!label) {  // as test clips are published
    unlabelled.push_back(table.name);
    return;
  }
  for (const auto& row : table.rows) {
    const std::string where = fmt::format("{}:{}", table.name, row.line);
    const auto from = seconds(row.cells[start]), to = seconds(row.cells[end]);
    if (!from || !to || row.cells[id].empty() || row.cells[*label].empty()) {
      problems.add("{}: expected a label, a youtube_id and two times in seconds, got '{}', '{}', '{}' and '{}'.", where,
                   row.cells[*label], row.cells[id], row.cells[start], row.cells[end]);
      continue;
    }
    const std::string name = fmt::format("{}_{:06}_{:06}.mp4", row.cells[id], *from, *to),
                      of = class_of(row.cells[*label]);
    std::string scored = of;
    std::ranges::replace(scored, ' ', '_');
    const std::string own = split && !row.cells[*split].empty() ? row.cells[*split] : split_of_file;
    std::vector<std::string> names = {name};
    for (const auto& folder : {of, scored}) {
      names.push_back(folder + "/" + name);
      names.push_back(own + "/" + folder + "/" + name);
    }
    names.push_back(own + "/" + name);
    listing.records.push_back({.input = places.find(names), .label = of, .split = own, .where = where});
  }
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const bool is_folder = fs::is_directory(path);
  const fs::path folder = is_folder ? path : path.parent_path();
  const auto files = is_folder ? lists_in(path) : std::vector<fs::path>{path};
  if (files.empty() || !std::ranges::all_of(files, is_list)) {
    throw DataError("data",
                    "{}: expected Kinetics' CSV, with the columns label, youtube_id, time_start, time_end and split.",
                    path.string());
  }
  auto listing = empty_listing(path, "kinetics", Reads::clip);
  Problems problems(listing.subject);
  ClipPlaces places(folder);
  std::vector<std::string> unlabelled;
  for (const auto& file : files)
    read(file, files.size() > 1 ? split_of_list(file.stem().string()) : "", places, listing, unlabelled, problems);
  const std::string left = fmt::format("{} has no column 'label'", fmt::join(unlabelled, ", "));
  if (listing.records.empty() && !unlabelled.empty())
    problems.add("{} (a list of test clips, as it is published). Expected one with classes.", left);
  problems.throw_if_any();
  Dataset dataset = assemble(std::move(listing), options);
  if (!unlabelled.empty()) dataset.notes.push_back(left + ", and is left: --test-split validate tests on another list");
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"kinetics", "Kinetics' CSV with label, youtube_id, time_start, time_end, split", recognises,
                       open};

}  // namespace graft::data::kinetics
