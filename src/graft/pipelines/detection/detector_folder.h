// A detector on disk: model.safetensors in torchvision's names, which torchvision reads too where no method stands in
// the network, inserts.safetensors with what one put there, and detector.json, which says of what classes it tells and
// how it reads photos. Or a checkpoint of torchvision's alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/options.h"
#include "graft/io/hub.h"
#include "graft/methods/adapted.h"
#include "graft/models/fcos/detector.h"

namespace graft::pipelines {

struct DetectorClass {
  int64_t id = 0;  // of the category in the set that it was trained on
  std::string name;
};

struct DetectorInfo {
  std::vector<DetectorClass> classes;
  int64_t side = 0;  // of the square that a photo is fitted into; 0: torchvision's bounds
  std::string method = {};
  OptionValues method_options = {};
  uint64_t seed = 1;
};

// The method put on the detector's network, under its head. ConfigError for a method that reads a head of one place.
methods::Adapted adapt_detector(const models::fcos::Detector& detector, const DetectorInfo& info, int64_t train_size);

void save_detector(const std::filesystem::path& folder, const models::fcos::Detector& detector,
                   const methods::Adapted& adapted, const DetectorInfo& info);

struct OpenedDetector {
  models::fcos::Detector detector;
  std::optional<methods::Adapted> adapted;  // what a method put into its network
  DetectorInfo info;
  bool named = false;  // its classes, by a folder's detector.json; else they are numbers
  models::fcos::PhotoFit fit() const {
    return info.side > 0 ? models::fcos::PhotoFit{info.side, info.side} : models::fcos::PhotoFit{};
  }
};
// A run of detect train that came to its end.
bool is_detector_folder(const std::filesystem::path& folder);

// Of torchvision's files classes are called by their numbers, which are COCO's category ids.
OpenedDetector open_detector(const std::string& typed, const io::Environment& environment);

}  // namespace graft::pipelines
