// Predicted masks as files: FOLDER/masks/NAME.png in class numbers with Pascal's palette, FOLDER/overlays/NAME.png over
// the photo, FOLDER/classes.txt, and FOLDER/instances.json, all of them as COCO's instances (Lin et al. 2014,
// arXiv:1405.0312): an annotation for each class of a photo but background, ids from 1. Each file is whole or not
// there.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/image_cache.h"
#include "graft/data/masks.h"
#include "graft/engine/photo_list.h"
#include "graft/io/image.h"

namespace graft::pipelines {

inline constexpr const char* kBackground = "background";  // a class that is nothing

// The photo with the colours of its classes laid over it, half and half; a class called background is left clear.
io::Image overlay(const io::Image& photo, const data::Mask& mask, const std::vector<std::string>& classes);

// What was told of photos, by class: background first, where there is one.
struct ToldMasks {
  struct Photo {
    std::string name;
    std::vector<double> shares;  // of the pixels, by class
  };
  std::vector<std::string> classes;
  std::vector<Photo> photos;
};
std::vector<double> shares_of(const data::Mask& mask, size_t classes);  // of a mask that tells each pixel

class MaskFolder {
 public:
  // `photos` are to come, by their files. DataError where two would be written under one name.
  MaskFolder(std::filesystem::path folder, const std::vector<std::string>& photos, std::vector<std::string> classes);
  void add(const std::string& photo, const io::Image& pixels, const data::Mask& mask);
  void finish() const;  // writes instances.json

 private:
  void describe(const std::string& photo, const data::Mask& mask);

  std::filesystem::path folder_;
  std::vector<std::string> classes_;
  nlohmann::ordered_json images_ = nlohmann::ordered_json::array(), annotations_ = nlohmann::ordered_json::array();
};

// A mask of each photo, by `mask_of`, into a folder where `output` names one. Classes that are not known before are set
// by the first photo's. ConfigError for more classes than a mask tells apart.
using MaskOf =
    std::function<data::Mask(const std::string& name, const io::Image& photo, std::vector<std::string>& classes)>;
ToldMasks tell_masks(const engine::PhotoList& photos, data::ImageCache& images, std::vector<std::string> classes,
                     const std::string& output, Reporter& report, const MaskOf& mask_of);

}  // namespace graft::pipelines
