#include "graft/pipelines/segment_evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/core/signals.h"
#include "graft/core/threads.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/mask_classes.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

fs::path masks_in(const std::string& folder, const char* option) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) throw FileError("segment", "{} {}: no such folder.", option, folder);
  return fs::is_directory(fs::path(folder) / "masks", error) ? fs::path(folder) / "masks" : fs::path(folder);
}

std::vector<std::string> masks_below(const fs::path& folder) {
  auto files = data::walk_photos(folder).files;
  std::erase_if(files, [](const std::string& file) { return fs::path(file).extension() != ".png"; });
  std::ranges::sort(files);
  return files;
}

// What the truth's numbers are called: as --classes or a list beside the masks says; none: the numbers themselves.
std::optional<data::MaskClasses> named_classes(const SegmentEvaluateOptions& options, const fs::path& masks) {
  data::Problems problems(options.masks);
  std::optional<data::MaskClasses> classes;
  if (!options.classes.empty()) {
    classes = data::mask_classes(data::class_names(options.classes), options.classes, problems);
  } else {
    for (const auto& folder : {masks, masks.parent_path()}) {
      const auto file = folder / data::kMaskClassesFile;
      std::error_code error;
      if (!classes && fs::is_regular_file(file, error))
        classes = data::mask_classes(data::read_lines(file), file.string(), problems);
    }
  }
  problems.throw_if_any();
  return classes;
}

// The class of each number of the masks to score, where a list in their folder gives all of them the names of classes.
std::optional<std::vector<int64_t>> classes_by_name(const fs::path& folder, const std::vector<std::string>& classes) {
  std::error_code error;
  const auto file = folder / data::kMaskClassesFile;
  if (!fs::is_regular_file(file, error)) return {};
  std::vector<int64_t> class_of;
  for (const auto& name : data::read_lines(file)) {
    const auto found = std::ranges::find(classes, name);
    if (found == classes.end()) return {};
    class_of.push_back(found - classes.begin());
  }
  return class_of;
}

data::Mask read_truth(const fs::path& file, const std::optional<data::MaskClasses>& classes) {
  auto mask = io::read_index_png(file);
  if (!classes) return mask;
  for (size_t i = 0; i < mask.classes.size(); ++i) {
    const int place = classes->numbers.place[mask.classes[i]];
    if (place == data::MaskNumbers::kUnknown) {
      throw DataError("mask", "{}: pixel ({}, {}) is number {}, and the classes are {}.", file.string(),
                      i % static_cast<size_t>(mask.width), i / static_cast<size_t>(mask.width), mask.classes[i],
                      classes->numbers.known);
    }
    mask.classes[i] = place < 0 ? io::kIgnoredClass : static_cast<uint8_t>(place);
  }
  return mask;
}

// Photo by photo on several threads; the first error in the order of names is thrown.
std::vector<tasks::PhotoCells> read_cells(const std::vector<std::string>& names, int64_t threads,
                                          const std::function<tasks::PhotoCells(const std::string&)>& read,
                                          Reporter& report) {
  std::vector<tasks::PhotoCells> photos(names.size());
  std::atomic<size_t> next = 0, done = 0;
  std::mutex mutex;
  size_t failed_at = names.size();
  std::exception_ptr error;
  const auto work = [&] {
    for (size_t i = next++; i < names.size() && stop_signal() == 0; i = next++) {
      try {
        photos[i] = read(names[i]);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed_at) {
          failed_at = i;
          error = std::current_exception();
        }
      }
      ++done;
    }
  };
  {
    const auto workers = start_threads(static_cast<int>(threads) - 1, work);
    work();
  }
  stop_if_asked();
  if (error) std::rethrow_exception(error);
  report.line("masks", fmt::format("{} read", done.load()));
  return photos;
}

// Numbers that occur, as places in a list of them.
std::vector<std::string> number_classes(std::vector<tasks::PhotoCells>& photos) {
  std::array<int, 256> place;
  place.fill(-1);
  for (const auto& photo : photos) {
    for (const auto& cell : photo)
      place[cell.of_class] = 0;
  }
  std::vector<std::string> names;
  for (size_t number = 0; number < place.size(); ++number) {
    if (place[number] < 0) continue;
    place[number] = static_cast<int>(names.size());
    names.push_back(std::to_string(number));
  }
  for (auto& photo : photos) {
    for (auto& cell : photo)
      cell.of_class = static_cast<uint8_t>(place[cell.of_class]);
  }
  return names;
}

}  // namespace

SegmentEvaluation evaluate_segments(const SegmentEvaluateOptions& options, Reporter& report) {
  const auto told = masks_in(options.folder, "the folder to score"), truth = masks_in(options.masks, "--masks");
  if (options.workers < 0) throw ConfigError("segment", "--workers: expected 0 or more, got {}.", options.workers);
  const auto names = masks_below(truth), scored = masks_below(told);
  if (names.empty()) throw DataError("segment", "--masks {}: no mask (.png) lies there.", truth.string());
  std::vector<std::string> common;
  std::ranges::set_intersection(names, scored, std::back_inserter(common));
  if (common.empty()) {
    throw DataError("segment", "no mask of {} has the name of one of {}: {} beside {}.", told.string(), truth.string(),
                    scored.empty() ? "none" : scored.front(), names.front());
  }
  const auto classes = named_classes(options, truth);
  SegmentEvaluation result;
  result.photos = static_cast<int64_t>(names.size());
  result.missing = static_cast<int64_t>(names.size() - common.size());
  result.beside = static_cast<int64_t>(scored.size() - common.size());
  auto photos = read_cells(
      names, std::max<int64_t>(1, options.workers),
      [&](const std::string& name) {
        const auto mask = read_truth(truth / name, classes);
        if (!std::ranges::binary_search(common, name)) return tasks::cells_of(nullptr, mask);
        const auto said = io::read_index_png(told / name);
        return tasks::cells_of(&said, mask);
      },
      report);
  result.classes = classes ? classes->names : number_classes(photos);
  for (const auto& photo : photos) {
    for (const auto& cell : photo)
      result.clusters = std::max<int64_t>(result.clusters, cell.cluster + 1);
  }
  if (result.clusters == 0) throw DataError("segment", "--masks {}: no pixel of any mask is told.", truth.string());
  const auto count = static_cast<int64_t>(result.classes.size());
  const auto table = tasks::table_of(photos, result.clusters, count);
  const Random random(static_cast<uint64_t>(options.seed));
  if (auto by_name = classes_by_name(options.folder, result.classes)) {
    by_name->resize(static_cast<size_t>(result.clusters), -1);
    MatchedClusters matched{
        .matching = "by-name", .class_of = std::move(*by_name), .scores = {}, .intervals = {}, .halves = {}};
    matched.scores = tasks::score_clusters(table, matched.class_of);
    matched.intervals = tasks::intervals_over_photos(photos, count, matched.class_of, random.fork("photos"));
    result.matched.push_back(std::move(matched));
  }
  for (const auto matching : {tasks::Matching::one_to_one, tasks::Matching::majority}) {
    MatchedClusters matched{.matching = option::print(matching), .class_of = tasks::match_clusters(table, matching)};
    matched.scores = tasks::score_clusters(table, matched.class_of);
    matched.intervals = tasks::intervals_over_photos(photos, count, matched.class_of, random.fork("photos"));
    matched.halves = tasks::score_by_halves(photos, result.clusters, count, matching, random.fork("halves"));
    result.matched.push_back(std::move(matched));
  }
  return result;
}

}  // namespace graft::pipelines
