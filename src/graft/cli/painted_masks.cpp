#include "graft/cli/painted_masks.h"

#include "graft/cli/thumbnail.h"
#include "graft/pipelines/mask_folder.h"

namespace graft::cli {
namespace {

constexpr int kOverPhoto = 3, kPhoto = 2;  // parts of the mask's colour, and of the photo's

}  // namespace

MaskColours colours_of(const std::vector<std::string>& classes) {
  MaskColours colours;
  for (size_t i = 0; i < classes.size() && i < io::kIgnoredClass; ++i)
    if (classes[i] != pipelines::kBackground) colours[i] = io::pascal_colours()[i];
  return colours;
}

std::vector<report::Swatch> legend_of(const std::vector<std::string>& classes) {
  const auto colours = colours_of(classes);
  std::vector<report::Swatch> legend;
  for (size_t i = 0; i < classes.size() && i < io::kIgnoredClass; ++i)
    if (colours[i]) legend.push_back({classes[i], *colours[i]});
  return legend;
}

std::string painted_uri(const io::Image* photo, const data::Mask& mask, const MaskColours& colours) {
  if (mask.width <= 0 || mask.height <= 0) return "";
  io::Image over;
  if (photo) {
    over = *photo;
  } else {
    over = {mask.width, mask.height, {}};
    over.rgb.assign(3 * mask.classes.size(), 255);
  }
  for (int y = 0; y < over.height; ++y) {
    const auto from = static_cast<size_t>(static_cast<int64_t>(y) * mask.height / over.height * mask.width);
    for (int x = 0; x < over.width; ++x) {
      const auto told = mask.classes[from + static_cast<size_t>(static_cast<int64_t>(x) * mask.width / over.width)];
      if (!colours[told]) continue;
      for (size_t c = 0; c < 3; ++c) {
        auto& value =
            over.rgb[3 * (static_cast<size_t>(y) * static_cast<size_t>(over.width) + static_cast<size_t>(x)) + c];
        value = static_cast<std::uint8_t>((kPhoto * value + kOverPhoto * (*colours[told])[c]) / (kPhoto + kOverPhoto));
      }
    }
  }
  return thumbnail_uri(over);
}

}  // namespace graft::cli
