#include "graft/models/model_reading.h"

#include <fmt/ranges.h>

#include "graft/tensor/activation_names.h"

namespace graft::models {
namespace {

std::string of_tower(const TowerReading& tower) {
  const auto dilated = tower.output_stride > 0 ? fmt::format(" stride {}", tower.output_stride) : "";
  return fmt::format("{} heads {} eps {}{}", tower.heads, to_string(tower.activation), tower.eps, dilated);
}

std::string of_photos(const data::Preprocessing& p) {
  const auto crop = p.output();
  return fmt::format("{}x{} {} {} crop {}x{} {} fill {} scale {} mean {} std {}", p.resize.height, p.resize.width,
                     static_cast<int>(p.resize_mode), static_cast<int>(p.interpolation), crop.height, crop.width,
                     static_cast<int>(p.crop_rounding), fmt::join(p.fill, ","), p.scale, fmt::join(p.mean, ","),
                     fmt::join(p.std, ","));
}

}  // namespace

std::string reading_of(const ModelInfo& info) {
  return fmt::format("{}; {}; {}; {}; {}", info.layout, info.pooling, of_tower(info.vision),
                     info.text ? of_tower(*info.text) : "", of_photos(info.preprocessing));
}

}  // namespace graft::models
