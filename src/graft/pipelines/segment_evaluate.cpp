#include "graft/pipelines/segment_evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/core/threads.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/mask_classes.h"
#include "graft/engine/class_places.h"
#include "graft/tasks/mask_edges.h"
#include "graft/tasks/pixel_counts.h"

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
  data::Problems problems(file.string());
  const auto own = data::mask_classes(data::read_lines(file), file.string(), problems);
  problems.throw_if_any();
  const engine::ClassPlaces known(classes);
  std::vector<int64_t> class_of;
  for (const int place : own.numbers.place) {
    class_of.push_back(place < 0 ? -1 : known.of(own.names[static_cast<size_t>(place)]));
    if (place >= 0 && class_of.back() < 0) return {};
  }
  return class_of;
}

using NumberPlaces = std::array<int, 256>;  // of a mask's numbers among the classes, -1 where there is none

NumberPlaces places_in_order() {
  NumberPlaces place;
  std::iota(place.begin(), place.end(), 0);
  place[io::kIgnoredClass] = -1;
  return place;
}

// Numbers that occur, as places in a list of them.
std::vector<std::string> number_classes(std::vector<tasks::PhotoCells>& photos, NumberPlaces& place) {
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

// A photo's masks of one size.
struct MaskPair {
  data::Mask told, truth;
};

// Photos whose masks lie in two folders.
struct MaskPairs {
  fs::path told, truth;
  std::vector<std::string> names, common;  // of the truth, and those of them that are told
  std::optional<data::MaskClasses> classes;

  MaskPair read(size_t i) const {
    MaskPair pair{.told = {}, .truth = io::read_index_png(truth / names[i])};
    if (classes) classes->numbers.apply(pair.truth, truth / names[i]);
    std::optional<data::Mask> said;
    if (std::ranges::binary_search(common, names[i])) said = io::read_index_png(told / names[i]);
    pair.told = tasks::told_beside(said ? &*said : nullptr, pair.truth);
    return pair;
  }
};

// Of all photos together, for each matching.
void score_edges(const MaskPairs& pairs, const NumberPlaces& places, int64_t classes, int64_t threads,
                 std::vector<MatchedClusters>& matched) {
  std::vector<at::Tensor> sides(matched.size());
  std::mutex mutex;  // of sides: sums of whole numbers, whatever their order
  for_each_index(pairs.names.size(), threads, [&](size_t i) {
    auto pair = pairs.read(i);
    for (auto& pixel : pair.truth.classes)
      pixel = places[pixel] < 0 ? io::kIgnoredClass : static_cast<uint8_t>(places[pixel]);
    const auto edges = tasks::edges_of(pair.truth, tasks::edge_width({pair.truth.height, pair.truth.width}));
    for (size_t m = 0; m < matched.size(); ++m) {
      const auto own = tasks::edge_sides(pair.told, pair.truth, edges, matched[m].class_of, classes);
      const std::lock_guard lock(mutex);
      sides[m] = sides[m].defined() ? sides[m] + own : own;
    }
  });
  for (size_t m = 0; m < matched.size(); ++m) {
    const auto iou = tasks::iou_of(sides[m]).contiguous();
    matched[m].edge_iou.assign(iou.const_data_ptr<double>(), iou.const_data_ptr<double>() + classes);
    matched[m].edge_miou = tasks::mean_iou(sides[m]).item<double>();
  }
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
  const MaskPairs pairs{
      .told = told, .truth = truth, .names = names, .common = common, .classes = named_classes(options, truth)};
  const auto threads = std::max<int64_t>(1, options.workers);
  SegmentEvaluation result;
  result.photos = static_cast<int64_t>(names.size());
  result.missing = static_cast<int64_t>(names.size() - common.size());
  result.beside = static_cast<int64_t>(scored.size() - common.size());
  std::vector<tasks::PhotoCells> photos(names.size());
  for_each_index(names.size(), threads, [&](size_t i) {
    const auto pair = pairs.read(i);
    photos[i] = tasks::cells_of(pair.told, pair.truth);
  });
  report.line("masks", fmt::format("{} read", photos.size()));
  auto places = places_in_order();
  if (pairs.classes) {
    result.classes = pairs.classes->names;
  } else {
    result.classes = number_classes(photos, places);
  }
  for (const auto& photo : photos) {
    for (const auto& cell : photo)
      result.clusters = std::max<int64_t>(result.clusters, cell.cluster + 1);
  }
  if (result.clusters == 0) throw DataError("segment", "--masks {}: no pixel of any mask is told.", truth.string());
  const auto count = static_cast<int64_t>(result.classes.size());
  const auto& table = result.table = tasks::table_of(photos, result.clusters, count);
  const Random random(static_cast<uint64_t>(options.seed));
  if (auto by_name = classes_by_name(options.folder, result.classes)) {
    by_name->resize(static_cast<size_t>(result.clusters), -1);
    MatchedClusters matched;
    matched.matching = "by-name";
    matched.class_of = std::move(*by_name);
    matched.scores = tasks::score_clusters(table, matched.class_of);
    matched.intervals = tasks::intervals_over_photos(photos, count, matched.class_of, random.fork("photos"));
    result.matched.push_back(std::move(matched));
  }
  for (const auto matching : {tasks::Matching::one_to_one, tasks::Matching::majority}) {
    MatchedClusters matched;
    matched.matching = option::print(matching);
    matched.class_of = tasks::match_clusters(table, matching);
    matched.scores = tasks::score_clusters(table, matched.class_of);
    matched.intervals = tasks::intervals_over_photos(photos, count, matched.class_of, random.fork("photos"));
    matched.halves = tasks::score_by_halves(photos, result.clusters, count, matching, random.fork("halves"));
    result.matched.push_back(std::move(matched));
  }
  if (options.edges) score_edges(pairs, places, count, threads, result.matched);
  result.names = names;
  result.true_mask = [truth, classes = pairs.classes, places](const std::string& name) -> std::optional<data::Mask> {
    std::error_code error;
    if (!fs::is_regular_file(truth / name, error)) return {};
    auto mask = io::read_index_png(truth / name);
    if (classes) classes->numbers.apply(mask, truth / name);
    for (auto& pixel : mask.classes)
      pixel = places[pixel] < 0 ? io::kIgnoredClass : static_cast<uint8_t>(places[pixel]);
    return mask;
  };
  return result;
}

}  // namespace graft::pipelines
