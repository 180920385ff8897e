#include "graft/detection/set_builder.h"

#include "graft/core/error.h"
#include "graft/detection/foreign_text.h"

namespace graft::detection {

SetBuilder::SetBuilder(const std::filesystem::path& path, std::string format) {
  const auto whole = path.has_filename() ? path : path.parent_path();  // "yolo/"
  set_.sources.push_back({whole.stem().string(), std::move(format), path});
}

Index SetBuilder::image(const std::string& file) {
  const auto [place, is_new] = images_.try_emplace(file, static_cast<Index>(set_.images.size()));
  if (is_new) {
    Image image;
    image.id = static_cast<std::int64_t>(set_.images.size()) + 1;
    image.file = file;
    set_.images.push_back(std::move(image));
  }
  return place->second;
}

Index SetBuilder::category(const std::string& name) {
  const auto [place, is_new] = categories_.try_emplace(name, static_cast<Index>(set_.categories.size()));
  if (is_new) {
    Category category;
    category.id = static_cast<std::int64_t>(set_.categories.size()) + 1;
    category.name = name;
    set_.categories.push_back(std::move(category));
  }
  return place->second;
}

Annotation& SetBuilder::box(Index image, Index category, const Box& box) {
  Annotation annotation;
  annotation.id = static_cast<std::int64_t>(set_.annotations.size()) + 1;
  annotation.image = image;
  annotation.category = category;
  annotation.box = box;
  annotation.area = box.area();
  return set_.annotations.emplace_back(annotation);
}

Annotation& SetBuilder::outline(Index image, Index category, const Polygons& polygons) {
  Annotation& annotation = box(image, category, bounds_of(polygons));
  annotation.area = area_of(polygons);
  annotation.shape = set_.carried->add(polygons_text(polygons));
  return annotation;
}

Annotation& SetBuilder::mask(Index image, Index category, const Runs& runs) {
  Annotation& annotation = box(image, category, box_of(runs));
  annotation.area = static_cast<double>(runs.area());
  annotation.shape = set_.carried->add(runs_text(runs));
  return annotation;
}

void SetBuilder::rest(Annotation& annotation, const std::string& members) {
  annotation.rest = set_.carried->add(members);
}

ImageSizes::ImageSizes(const ReadOptions& options, std::filesystem::path folder)
    : folder_(options.images.empty() ? std::move(folder) : options.images) {
  if (options.sizes == nullptr) return;
  for (const Image& image : options.sizes->images)
    told_.try_emplace(file_of(image), image.width, image.height);
}

bool ImageSizes::find(Image& image) const {
  if (const auto told = told_.find(image.file); told != told_.end()) {
    image.width = told->second.first;
    image.height = told->second.second;
    return image.width > 0;
  }
  std::error_code error;
  const auto path = folder_ / image.file;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  try {
    const auto size = io::read_image_size(path).upright();
    image.width = size.width;
    image.height = size.height;
  } catch (const Error&) {
    return false;
  }
  return true;
}

}  // namespace graft::detection
