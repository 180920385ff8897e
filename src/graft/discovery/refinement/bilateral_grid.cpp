#include "graft/discovery/refinement/bilateral_grid.h"

#include <cmath>
#include <type_traits>
#include <unordered_map>

namespace graft::discovery {
namespace {

constexpr int kBalancings = 10;

// A cell's five coordinates in one number: 16 bits for places, 8 for colours, whose cells are 1 of 255 wide at least.
using Key = uint64_t;
struct Place {
  uint16_t x, y;
  uint8_t luma, blue, red;
  Key key() const { return Key{x} << 40 | Key{y} << 24 | Key{luma} << 16 | Key{blue} << 8 | Key{red}; }
};

// JFIF's YCbCr.
std::array<double, 3> luma_and_chroma(const std::uint8_t* rgb) {
  const double r = rgb[0], g = rgb[1], b = rgb[2];
  return {0.299 * r + 0.587 * g + 0.114 * b, -0.168736 * r - 0.331264 * g + 0.5 * b + 128,
          0.5 * r - 0.418688 * g - 0.081312 * b + 128};
}

}  // namespace

BilateralGrid::BilateralGrid(const data::Image& photo, const CellSizes& sizes) {
  std::unordered_map<Key, int32_t> known;
  std::vector<Place> places;
  cell_of_.reserve(static_cast<size_t>(photo.width) * static_cast<size_t>(photo.height));
  const auto cut = [](double value, double size) { return static_cast<uint16_t>(value / size); };
  for (int y = 0; y < photo.height; ++y) {
    for (int x = 0; x < photo.width; ++x) {
      const auto colour = luma_and_chroma(
          &photo.rgb[3 * (static_cast<size_t>(y) * static_cast<size_t>(photo.width) + static_cast<size_t>(x))]);
      const Place place{cut(x, sizes.spatial), cut(y, sizes.spatial), static_cast<uint8_t>(cut(colour[0], sizes.luma)),
                        static_cast<uint8_t>(cut(colour[1], sizes.chroma)),
                        static_cast<uint8_t>(cut(colour[2], sizes.chroma))};
      const auto [cell, is_new] = known.try_emplace(place.key(), static_cast<int32_t>(places.size()));
      if (is_new) {
        places.push_back(place);
        counts_.push_back(0);
      }
      ++counts_[static_cast<size_t>(cell->second)];
      cell_of_.push_back(cell->second);
    }
  }
  const auto find = [&](const Place& place) {
    const auto cell = known.find(place.key());
    return cell == known.end() ? -1 : cell->second;
  };
  for (const auto& place : places) {
    auto& next = neighbours_.emplace_back();
    size_t i = 0;
    const auto along = [&](auto member) {
      for (const int step : {-1, 1}) {
        Place moved = place;
        using Number = std::remove_reference_t<decltype(moved.*member)>;
        const int to = moved.*member + step;
        moved.*member = static_cast<Number>(to);
        next[i++] = to < 0 || moved.*member != to ? -1 : find(moved);
      }
    };
    along(&Place::x);
    along(&Place::y);
    along(&Place::luma);
    along(&Place::blue);
    along(&Place::red);
  }
}

std::vector<double> BilateralGrid::sums(const std::vector<double>& of_pixels) const {
  std::vector<double> all(counts_.size(), 0);
  for (size_t i = 0; i < cell_of_.size(); ++i)
    all[static_cast<size_t>(cell_of_[i])] += of_pixels[i];
  return all;
}

std::vector<double> BilateralGrid::blurred(const std::vector<double>& of_cells) const {
  std::vector<double> out(of_cells.size());
  for (size_t cell = 0; cell < of_cells.size(); ++cell) {
    double sum = 2 * kDimensions * of_cells[cell];
    for (const auto next : neighbours_[cell]) {
      if (next >= 0) sum += of_cells[static_cast<size_t>(next)];
    }
    out[cell] = sum;
  }
  return out;
}

BilateralGrid::Stochastic BilateralGrid::balanced() const {
  std::vector<double> n(counts_.size(), 1);
  for (int i = 0; i < kBalancings; ++i) {
    const auto blur = blurred(n);
    for (size_t cell = 0; cell < n.size(); ++cell)
      n[cell] = std::sqrt(n[cell] * counts_[cell] / blur[cell]);
  }
  auto m = blurred(n);
  for (size_t cell = 0; cell < n.size(); ++cell)
    m[cell] *= n[cell];
  return {std::move(n), std::move(m)};
}

}  // namespace graft::discovery
