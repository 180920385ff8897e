// Predicted masks as files: FOLDER/masks/NAME.png in class numbers with Pascal's palette, FOLDER/overlays/NAME.png over
// the photo, and FOLDER/classes.txt. Each file is whole or not there.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "graft/data/masks.h"
#include "graft/io/image.h"

namespace graft::pipelines {

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
  void add(const std::string& photo, const io::Image& pixels, const data::Mask& mask) const;

 private:
  std::filesystem::path folder_;
  std::vector<std::string> classes_;
};

}  // namespace graft::pipelines
