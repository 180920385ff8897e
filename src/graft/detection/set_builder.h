// A set put together by names, for formats without ids: images, classes and boxes are numbered from 1 as they come.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

#include "graft/detection/format.h"
#include "graft/detection/polygons.h"
#include "graft/detection/runs.h"
#include "graft/detection/set.h"
#include "graft/io/image_size.h"

namespace graft::detection {

class SetBuilder {
 public:
  SetBuilder(const std::filesystem::path& path, std::string format);

  // The one of this name, made where it is not there yet.
  Index image(const std::string& file);
  Index category(const std::string& name);
  // Its area is the box's.
  Annotation& box(Index image, Index category, const Box& box);
  // Its area and box are the polygons'.
  Annotation& outline(Index image, Index category, const Polygons& polygons);
  // Its area and box are the runs'.
  Annotation& mask(Index image, Index category, const Runs& runs);
  void rest(Annotation& annotation, const std::string& members);
  bool has_image(const std::string& file) const { return images_.contains(file); }

  Set& set() { return set_; }
  Set take() { return std::move(set_); }

 private:
  Set set_;
  std::unordered_map<std::string, Index> images_, categories_;
};

// Sizes of images for formats that do not tell them: of a set of the same photos, or from photos' headers, upright as
// they are shown.
class ImageSizes {
 public:
  // `folder`: where photos lie if the options name no other.
  ImageSizes(const ReadOptions& options, std::filesystem::path folder);
  // False where nothing tells it.
  bool find(Image& image) const;

 private:
  std::filesystem::path folder_;
  std::unordered_map<std::string, std::pair<std::int32_t, std::int32_t>> told_;
};

}  // namespace graft::detection
