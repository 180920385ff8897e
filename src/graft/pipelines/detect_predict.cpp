#include "graft/pipelines/detect_predict.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/detection/detections.h"
#include "graft/detection/drawn_boxes.h"
#include "graft/detection/format.h"
#include "graft/engine/photo_list.h"
#include "graft/io/image.h"
#include "graft/io/image_png.h"
#include "graft/pipelines/detection/box_photos.h"
#include "graft/pipelines/detection/detector_folder.h"
#include "graft/pipelines/detection/detector_training.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using detection::Index;

struct PhotoPlaces {
  std::vector<fs::path> paths;    // of each image of the set
  std::vector<Index> categories;  // of each class of the detector
};

detection::Set set_of_photos(const engine::PhotoList& photos, const std::vector<DetectorClass>& classes) {
  detection::Set set;
  set.sources.push_back({"photos", "coco", {}});
  for (const auto& each : classes) {
    auto& category = set.categories.emplace_back();
    category.id = each.id;
    category.name = each.name;
  }
  for (size_t i = 0; i < photos.files.size(); ++i)
    set.images.push_back({.id = static_cast<int64_t>(i) + 1, .file = photos.files[i]});
  return set;
}

// By their names; classes without one (torchvision's files) by their numbers, which are COCO's ids.
std::vector<Index> categories_in(const detection::Set& set, const std::vector<DetectorClass>& classes,
                                 const std::string& data) {
  std::vector<Index> places;
  size_t found = 0;
  for (const auto& each : classes) {
    const bool named = !each.name.starts_with("class ");
    const auto place = std::ranges::find_if(set.categories, [&](const detection::Category& category) {
      return named ? category.name == each.name : category.id == each.id;
    });
    places.push_back(place == set.categories.end() ? detection::kNone
                                                   : static_cast<Index>(place - set.categories.begin()));
    found += places.back() != detection::kNone ? 1 : 0;
  }
  if (found == 0)
    throw ConfigError("detect", "--data {}: none of the detector's {} classes is in it.", data, classes.size());
  return places;
}

std::string overlay_name(const std::string& file, std::set<std::string>& taken) {
  const auto name = fs::path(file).stem().string() + ".png";
  if (!taken.insert(name).second)
    throw DataError("detect", "two photos would both be drawn as {}. Predict them into folders of their own.", name);
  return name;
}

PhotoPlaces places_in(DetectPredictResult& result, const DetectPredictOptions& o, const OpenedDetector& opened,
                      Reporter& report) {
  PhotoPlaces places;
  if (o.data.empty()) {
    const auto photos = engine::list_photos(o.files);
    result.set = set_of_photos(photos, opened.info.classes);
    places.paths = photos.paths;
    for (size_t c = 0; c < opened.info.classes.size(); ++c)
      places.categories.push_back(static_cast<Index>(c));
    return places;
  }
  const BoxPhotos photos({o.data, o.images}, {}, 32, report);
  result.set = photos.set();
  for (int64_t i = 0; i < photos.size(); ++i)
    places.paths.push_back(photos.file(i));
  places.categories = categories_in(result.set, opened.info.classes, o.data);
  return places;
}

}  // namespace

DetectPredictResult detect_predict(const DetectPredictOptions& o, const engine::Host& host, Reporter& report) {
  if (o.score < 0 || o.score > 1) throw ConfigError("detect", "--score {}: expected 0 to 1.", o.score);
  if (o.overlap < 0 || o.overlap > 1) throw ConfigError("detect", "--overlap {}: expected 0 to 1.", o.overlap);
  if (o.most < 1) throw ConfigError("detect", "--most {}: expected 1 or more.", o.most);
  if (o.threads < 0) throw ConfigError("detect", "--threads {}: expected 0 or more.", o.threads);
  if (o.data.empty() == o.files.empty())
    throw UsageError("detect", "of which photos? Name photos, folders of them, or a set with --data, and not both.");
  if (o.threads > 0) at::set_num_threads(static_cast<int>(o.threads));
  const auto opened = open_detector(o.model, host.environment);
  DetectPredictResult result;
  const auto places = places_in(result, o, opened, report);
  const fs::path output = o.output;
  std::error_code error;
  if (!o.output.empty()) fs::create_directories(output / "overlays", error);
  if (error) throw FileError("detect", "{} cannot be made: {}.", (output / "overlays").string(), error.message());
  std::set<std::string> drawn;
  for (size_t i = 0; i < places.paths.size(); ++i) {
    stop_if_asked();
    auto photo = io::read_image(places.paths[i]);
    auto& image = result.set.images[i];
    image.width = photo.width;
    image.height = photo.height;
    const auto told =
        opened.detector.tell(photo, opened.fit(), {.least_score = o.score, .overlap = o.overlap, .most = o.most});
    const auto boxes = told.boxes.contiguous(), scores = told.scores.contiguous(), labels = told.labels.contiguous();
    for (int64_t d = 0; d < boxes.size(0); ++d) {
      const auto* b = boxes.const_data_ptr<float>() + 4 * d;
      const auto label = static_cast<size_t>(labels.const_data_ptr<int64_t>()[d]);
      if (places.categories[label] == detection::kNone) continue;  // the set has no such class
      const detection::Box box{b[0], b[1], static_cast<double>(b[2]) - b[0], static_cast<double>(b[3]) - b[1]};
      result.detections.detections.push_back(
          {static_cast<Index>(i), places.categories[label], box, scores.const_data_ptr<float>()[d]});
      if (!o.output.empty()) detection::draw_box(photo, box, detection::colour_of(label));
    }
    if (!o.output.empty())
      write_file_atomically(output / "overlays" / overlay_name(image.file, drawn), io::encode_png(photo));
    report.progress(
        {"detect", static_cast<int64_t>(i) + 1, static_cast<int64_t>(places.paths.size()), "", 0, "images"});
  }
  if (!o.data.empty()) {
    result.scores = score_boxes(result.set, result.detections, places.categories);
    report.line("worth", tasks::format_scores(*result.scores, 2));
  }
  if (!o.output.empty()) {
    if (o.data.empty()) detection::find_format("coco").write(result.set, output / "images.json");
    detection::write_detections(output / "detections.json", result.set, result.detections);
    report.line("saved", fmt::format("{}: detections.json{}, overlays/", output.string(),
                                     o.data.empty() ? ", images.json" : ""));
  }
  return result;
}

}  // namespace graft::pipelines
