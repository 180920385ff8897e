#include "graft/pipelines/mask_folder.h"

#include <fmt/format.h>

#include <optional>
#include <system_error>
#include <utility>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/data/shapes.h"
#include "graft/io/image_png.h"
#include "graft/io/index_png.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

std::string stem_of(const std::string& photo) {
  return fs::path(photo).stem().string();
}

}  // namespace

io::Image overlay(const io::Image& photo, const data::Mask& mask, const std::vector<std::string>& classes) {
  GRAFT_ASSERT(photo.width == mask.width && photo.height == mask.height);
  io::Image over = photo;
  for (size_t i = 0; i < mask.classes.size(); ++i) {
    const auto told = mask.classes[i];
    if (told == io::kIgnoredClass || (told < classes.size() && classes[told] == kBackground)) continue;
    for (size_t c = 0; c < 3; ++c) {
      auto& value = over.rgb[3 * i + c];
      value = static_cast<std::uint8_t>((value + io::pascal_colours()[told][c] + 1) / 2);
    }
  }
  return over;
}

std::vector<double> shares_of(const data::Mask& mask, size_t classes) {
  std::vector<double> shares(classes);
  for (const auto of_class : mask.classes)
    ++shares.at(of_class);
  for (auto& share : shares)
    share /= static_cast<double>(mask.classes.size());
  return shares;
}

MaskFolder::MaskFolder(fs::path folder, const std::vector<std::string>& photos, std::vector<std::string> classes)
    : folder_(std::move(folder)), classes_(std::move(classes)) {
  std::map<std::string, std::string> names;
  for (const auto& photo : photos) {
    const auto [first, is_new] = names.emplace(stem_of(photo), photo);
    if (is_new) continue;
    throw DataError("predict", "{} and {} would both be written as {}.png. Predict them into folders of their own.",
                    first->second, photo, first->first);
  }
  std::error_code error;
  for (const char* part : {"masks", "overlays"}) {
    fs::create_directories(folder_ / part, error);
    if (error) throw FileError("predict", "{} cannot be made: {}.", (folder_ / part).string(), error.message());
  }
  std::string list;
  for (const auto& name : classes_)
    list += name + "\n";
  write_file_atomically(folder_ / "classes.txt", list);
}

void MaskFolder::describe(const std::string& photo, const data::Mask& mask) {
  const auto image = images_.size() + 1;
  images_.push_back({{"id", image},
                     {"file_name", fs::path(photo).filename().string()},
                     {"width", mask.width},
                     {"height", mask.height}});
  for (const auto& [k, area] : data::areas_of(mask)) {
    if (k >= classes_.size() || classes_[k] == kBackground) continue;
    annotations_.push_back(
        {{"id", annotations_.size() + 1},
         {"image_id", image},
         {"category_id", k + 1},
         {"segmentation", {{"size", {mask.height, mask.width}}, {"counts", data::letters_of_runs(area.runs)}}},
         {"area", area.pixels},
         {"bbox", {area.left, area.top, area.right - area.left, area.bottom - area.top}},
         {"iscrowd", 0}});
  }
}

void MaskFolder::finish() const {
  auto categories = nlohmann::ordered_json::array();
  for (size_t k = 0; k < classes_.size(); ++k)
    if (classes_[k] != kBackground) categories.push_back({{"id", k + 1}, {"name", classes_[k]}});
  const nlohmann::ordered_json all = {{"images", images_}, {"annotations", annotations_}, {"categories", categories}};
  write_file_atomically(folder_ / "instances.json",
                        all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void MaskFolder::add(const std::string& photo, const io::Image& pixels, const data::Mask& mask) {
  describe(photo, mask);
  const auto name = stem_of(photo) + ".png";
  io::write_index_png(folder_ / "masks" / name, mask);
  write_file_atomically(folder_ / "overlays" / name, io::encode_png(overlay(pixels, mask, classes_)));
}

ToldMasks tell_masks(const engine::PhotoList& photos, data::ImageCache& images, std::vector<std::string> classes,
                     const std::string& output, Reporter& report, const MaskOf& mask_of) {
  ToldMasks result{.classes = std::move(classes), .photos = {}};
  std::optional<MaskFolder> folder;
  const auto begin = [&] {
    if (result.classes.size() > data::kMostMaskClasses)
      throw ConfigError("segment", "{} classes: a mask holds {} at most.", result.classes.size(),
                        data::kMostMaskClasses);
    if (!output.empty()) folder.emplace(output, photos.files, result.classes);
  };
  const bool known = !result.classes.empty();
  if (known) begin();
  for (size_t i = 0; i < photos.files.size(); ++i) {
    stop_if_asked();
    const auto photo = images.read(photos.paths[i]);
    const auto mask = mask_of(photos.files[i], *photo, result.classes);
    if (!known && i == 0) begin();
    if (folder) folder->add(photos.files[i], *photo, mask);
    result.photos.push_back({photos.files[i], shares_of(mask, result.classes.size())});
    report.progress({.stage = "segment",
                     .done = static_cast<int64_t>(i + 1),
                     .total = static_cast<int64_t>(photos.files.size()),
                     .detail = photos.files[i],
                     .unit = "photos"});
  }
  if (folder) folder->finish();
  return result;
}

}  // namespace graft::pipelines
