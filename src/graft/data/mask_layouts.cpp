#include "graft/data/mask_layouts.h"

#include <algorithm>
#include <set>
#include <system_error>

#include "graft/data/format.h"
#include "graft/data/numbers.h"
#include "graft/data/published_classes.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;

bool holds(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder, error);
}

std::set<std::string> folders_in(const fs::path& root) {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    if (entry.is_directory(error)) names.insert(entry.path().filename().string());
  }
  return names;
}

// Whether a file below has a name that ends so.
bool has_file(const fs::path& folder, std::string_view ending) {
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error); at != fs::recursive_directory_iterator();
       at.increment(error)) {
    if (error) return false;
    if (at->path().filename().string().ends_with(ending)) return true;
  }
  return false;
}

std::string as_png(const fs::path& photo) {
  return fs::path(photo).replace_extension(".png").generic_string();
}

std::optional<MaskClasses> no_own_classes(const fs::path&, Problems&) {
  return std::nullopt;
}

// images/ with masks/, or SPLIT/images/ with SPLIT/masks/.
std::vector<MaskSide> masks_beside_images(const fs::path& root) {
  if (holds(root / "images") && holds(root / "masks")) return {{"images", "masks"}};
  std::vector<MaskSide> sides;
  for (const std::string& name : folders_in(root)) {
    if (holds(root / name / "images") && holds(root / name / "masks"))
      sides.push_back({name + "/images", name + "/masks", name});
  }
  return sides;
}

std::vector<MaskSide> pascal_sides(const fs::path& root) {
  const bool found =
      holds(root / "JPEGImages") && holds(root / "SegmentationClass") && holds(root / "ImageSets/Segmentation");
  return found ? std::vector<MaskSide>{{"JPEGImages", "SegmentationClass"}} : std::vector<MaskSide>{};
}

std::optional<MaskClasses> pascal_classes(const fs::path&, Problems&) {
  return classes_of_pascal();
}

// images/training/x.jpg with annotations/training/x.png.
std::vector<MaskSide> annotated_sides(const fs::path& root) {
  const bool found = holds(root / "images") && holds(root / "annotations") && has_file(root / "annotations", ".png");
  return found ? std::vector<MaskSide>{{"images", "annotations"}} : std::vector<MaskSide>{};
}

std::optional<MaskClasses> annotated_classes(const fs::path& root, Problems& problems) {
  std::error_code error;
  if (fs::is_regular_file(root / kAdeClassesFile, error)) return ade_classes(root / kAdeClassesFile, problems);
  if (fs::is_regular_file(root / kStuffClassesFile, error)) return stuff_classes(root / kStuffClassesFile, problems);
  return std::nullopt;
}

constexpr std::string_view kCityPhoto = "_leftImg8bit", kCityIds = "_gtFine_labelIds.png",
                           kCityTraining = "_gtFine_labelTrainIds.png";

// The masks of test/ are empty: its true ones are kept back.
std::vector<MaskSide> city_sides(const fs::path& root, std::string_view ending) {
  if (!holds(root / "leftImg8bit") || !holds(root / "gtFine") || !has_file(root / "gtFine", ending)) return {};
  std::vector<MaskSide> sides;
  for (const std::string& split : folders_in(root / "leftImg8bit"))
    if (split != "test") sides.push_back({"leftImg8bit/" + split, "gtFine/" + split, split});
  return sides;
}

std::string city_mask(const fs::path& photo, std::string_view ending) {
  auto stem = photo.stem().string();
  if (stem.ends_with(kCityPhoto)) stem.resize(stem.size() - kCityPhoto.size());
  return (photo.parent_path() / (stem + std::string(ending))).generic_string();
}

// SPLIT/x.jpg with SPLITannot/x.png.
std::vector<MaskSide> camvid_sides(const fs::path& root) {
  std::vector<MaskSide> sides;
  const auto names = folders_in(root);
  for (const std::string& name : names)
    if (names.contains(name + "annot")) sides.push_back({name, name + "annot", name});
  return sides;
}

std::optional<MaskClasses> camvid_classes(const fs::path&, Problems&) {
  return classes_of_camvid();
}

constexpr std::string_view kNoCityTest = "left: Cityscapes' test photos, whose masks its server keeps";

}  // namespace

const std::vector<MaskLayout>& mask_layouts() {
  static const std::vector<MaskLayout> kLayouts = {
      {"images/x.jpg with masks/x.png (in or under folders of splits)", masks_beside_images, as_png, no_own_classes},
      {"JPEGImages/ with SegmentationClass/ as Pascal VOC", pascal_sides, as_png, pascal_classes, /*has_lists=*/true},
      {"leftImg8bit/ with gtFine/ as Cityscapes", [](const fs::path& root) { return city_sides(root, kCityIds); },
       [](const fs::path& photo) { return city_mask(photo, kCityIds); },
       [](const fs::path&, Problems&) { return std::optional(classes_of_cityscapes(CityNumbers::ids)); },
       /*has_lists=*/false, kNoCityTest},
      {"", [](const fs::path& root) { return city_sides(root, kCityTraining); },
       [](const fs::path& photo) { return city_mask(photo, kCityTraining); },
       [](const fs::path&, Problems&) { return std::optional(classes_of_cityscapes(CityNumbers::training)); },
       /*has_lists=*/false, kNoCityTest},
      {"images/ with annotations/ as ADE20K and COCO-Stuff", annotated_sides, as_png, annotated_classes},
      {"SPLIT/ with SPLITannot/ as CamVid", camvid_sides, as_png, camvid_classes},
  };
  return kLayouts;
}

}  // namespace graft::data
