#include "graft/discovery/regions.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <array>

#include "graft/discovery/saliency/components.h"
#include "graft/discovery/saliency/map_file.h"
#include "graft/io/index_png.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery {
namespace {

constexpr size_t kMostRegions = io::kIgnoredClass - 1;

std::vector<Region> connected_regions(const at::Tensor& mask, size_t most) {
  const auto parts = components(mask);
  std::vector<size_t> order(parts.sizes.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::ranges::stable_sort(order, std::ranges::greater(), [&](size_t i) { return parts.sizes[i]; });
  order.resize(std::min(order.size(), most));
  std::vector<Region> regions;
  for (const auto i : order)
    regions.push_back(*region_of(parts.labels == static_cast<int64_t>(i) + 1));
  return regions;
}

}  // namespace

std::vector<std::pair<RegionParts, std::string>> choices(RegionParts) {
  return {{RegionParts::all, "all"}, {RegionParts::largest, "largest"}, {RegionParts::each, "each"}};
}

std::optional<Region> region_of(const at::Tensor& mask) {
  const auto area = mask.sum().item<int64_t>();
  if (area == 0) return {};
  const auto extent = [](const at::Tensor& any) {
    const auto at = any.nonzero();
    return std::pair(at[0].item<int>(), at[-1].item<int>() + 1);
  };
  const auto [top, bottom] = extent(mask.any(1));
  const auto [left, right] = extent(mask.any(0));
  return Region{mask, {.left = left, .top = top, .width = right - left, .height = bottom - top}, area};
}

FoundRegions regions_of(const at::Tensor& map, const RegionOptions& options) {
  const auto mask = map > options.threshold;
  const auto most = static_cast<size_t>(options.regions.value_or(kMostRegions));
  FoundRegions found;
  if (options.parts == RegionParts::each) {
    found.regions = connected_regions(mask, std::min(most, kMostRegions));
  } else if (auto one = region_of(options.parts == RegionParts::largest ? largest_component(mask) : mask)) {
    found.regions.push_back(std::move(*one));
  }
  if (found.regions.empty()) return {{}, "nothing is salient"};
  const auto largest = found.regions[0].area;
  std::erase_if(found.regions, [&](const Region& region) { return region.area <= options.min_area; });
  if (!found.regions.empty()) return found;
  return {{},
          fmt::format("{} salient pixels{}, {} are the least", largest,
                      options.parts == RegionParts::each ? " in the largest part" : "", options.min_area + 1)};
}

void write_regions(const std::filesystem::path& file, const std::vector<Region>& regions) {
  auto numbers = at::zeros_like(regions.at(0).mask, at::kByte);
  for (size_t i = 0; i < regions.size(); ++i)
    numbers.masked_fill_(regions[i].mask, static_cast<int64_t>(i) + 1);
  const auto* bytes = numbers.const_data_ptr<std::uint8_t>();
  io::write_index_png(file, {.width = static_cast<int>(numbers.size(1)),
                             .height = static_cast<int>(numbers.size(0)),
                             .classes = {bytes, bytes + numbers.numel()},
                             .palette = {}});
}

RegionPicture::RegionPicture(const std::filesystem::path& file, RegionParts parts) {
  if (parts != RegionParts::each) {
    of_ = (read_map(file) > 0.5).to(at::kByte);
    numbers_ = {1};
    return;
  }
  const auto picture = io::read_index_png(file);
  of_ = torch::empty({picture.height, picture.width}, tensor::on_cpu(at::kByte));
  std::ranges::copy(picture.classes, of_.data_ptr<std::uint8_t>());
  std::array<bool, 256> is_there{};
  for (const auto number : picture.classes)
    is_there[number] = true;
  for (int64_t number = 1; number <= static_cast<int64_t>(kMostRegions); ++number)
    if (is_there[static_cast<size_t>(number)]) numbers_.push_back(number);
}

std::optional<Region> RegionPicture::region(int64_t number) const {
  return region_of(of_ == number);
}

}  // namespace graft::discovery
