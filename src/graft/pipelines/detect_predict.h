// `graft detect predict`: the boxes that a detector tells of photos, drawn on them, and as COCO's list of results; of a
// set with boxes it is told besides what they are worth.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/detection/set.h"
#include "graft/engine/options.h"
#include "graft/tasks/scores.h"

namespace graft::pipelines {

struct DetectPredictOptions {
  std::string model;
  std::vector<std::string> files;
  std::string data;
  std::string images;
  double score = 0.2;
  double overlap = 0.6;
  int64_t most = 100;
  int64_t threads = 0;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, DetectPredictOptions& o) {
  visit("model", o.model, "a detector: a run folder of detect train, or a checkpoint of torchvision's FCOS");
  visit("files", o.files, "photos, or folders of them");
  visit("data", o.data,
        "a set with boxes in place of photos: its ids stand in the results, and average precision is told");
  visit("images", o.images, "folder of the set's photos (default: beside it)");
  visit("score", o.score, "least score of a box that is told; 0.05 where average precision is to be told");
  visit("overlap", o.overlap, "of two boxes of a class that overlap by more only the surer is told");
  visit("most", o.most, "boxes of a photo that are told");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
  visit("output", o.output, "folder for detections.json, images.json and overlays/");
}

struct DetectPredictResult {
  detection::Set set;                // of photos: made of them, with ids from 1 and the detector's classes
  detection::Detections detections;  // the surest of each photo first
  std::optional<tasks::Scores> scores;
};

// ConfigError for classes that the set lacks; ModelError for a file that is no detector.
DetectPredictResult detect_predict(const DetectPredictOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
