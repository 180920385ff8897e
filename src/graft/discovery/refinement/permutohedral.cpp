#include "graft/discovery/refinement/permutohedral.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace graft::discovery {
namespace {

// A corner's first d coordinates; the last is minus their sum.
using Corner = std::vector<int16_t>;

// The corners by their coordinates, in the order in which they were first met.
class Corners {
 public:
  int32_t find(const Corner& corner) const {
    const auto found = known_.find(corner);
    return found == known_.end() ? -1 : found->second;
  }
  int32_t add(const Corner& corner) {
    const auto [found, is_new] = known_.try_emplace(corner, static_cast<int32_t>(all_.size()));
    if (is_new) all_.push_back(&found->first);
    return found->second;
  }
  const std::vector<const Corner*>& all() const { return all_; }

 private:
  std::map<Corner, int32_t> known_;
  std::vector<const Corner*> all_;
};

}  // namespace

PermutohedralLattice::PermutohedralLattice(const std::vector<double>& features, int dimensions)
    : dimensions_(dimensions), points_(static_cast<int64_t>(features.size()) / dimensions) {
  const int d = dimensions;
  const auto count = static_cast<size_t>(d) + 1;
  // Splatting, blurring and slicing spread a point by (d + 1) sqrt(2 / 3) of the lattice's units: one deviation.
  std::vector<double> scale(static_cast<size_t>(d));
  for (int i = 0; i < d; ++i)
    scale[static_cast<size_t>(i)] = (d + 1) * std::sqrt(2.0 / 3) / std::sqrt((i + 1.0) * (i + 2.0));
  Corners corners;
  std::vector<double> elevated(count), barycentric(count + 1);
  std::vector<int> nearest(count), rank(count);
  Corner corner(static_cast<size_t>(d));
  for (int64_t point = 0; point < points_; ++point) {
    const double* feature = &features[static_cast<size_t>(point * d)];
    double sum = 0;  // onto the plane of d + 1 coordinates that add up to zero
    for (size_t i = count - 1; i > 0; --i) {
      const double scaled = feature[i - 1] * scale[i - 1];
      elevated[i] = sum - static_cast<double>(i) * scaled;
      sum += scaled;
    }
    elevated[0] = sum;
    int excess = 0;  // of the nearest multiples of d + 1, whose sum is to be zero too
    for (size_t i = 0; i < count; ++i) {
      nearest[i] = static_cast<int>(std::round(elevated[i] / (d + 1))) * (d + 1);
      excess += nearest[i] / (d + 1);
    }
    std::ranges::fill(rank, 0);
    for (size_t i = 0; i < count; ++i) {
      for (size_t j = i + 1; j < count; ++j)
        ++rank[elevated[i] - nearest[i] < elevated[j] - nearest[j] ? i : j];
    }
    for (size_t i = 0; i < count; ++i) {
      rank[i] += excess;
      if (rank[i] < 0) {
        rank[i] += d + 1;
        nearest[i] += d + 1;
      } else if (rank[i] > d) {
        rank[i] -= d + 1;
        nearest[i] -= d + 1;
      }
    }
    std::ranges::fill(barycentric, 0);
    for (size_t i = 0; i < count; ++i) {
      const double part = (elevated[i] - nearest[i]) / (d + 1);
      barycentric[static_cast<size_t>(d - rank[i])] += part;
      barycentric[static_cast<size_t>(d + 1 - rank[i])] -= part;
    }
    barycentric[0] += 1 + barycentric[count];
    for (int which = 0; which <= d; ++which) {
      for (size_t i = 0; i + 1 < count; ++i)
        corner[i] = static_cast<int16_t>(nearest[i] + (rank[i] <= d - which ? which : which - (d + 1)));
      corner_of_.push_back(corners.add(corner));
      weight_of_.push_back(barycentric[static_cast<size_t>(which)]);
    }
  }
  for (const auto* at : corners.all()) {
    for (size_t direction = 0; direction < count; ++direction) {
      for (const int step : {1, -1}) {  // one coordinate d the one way, all others 1 the other way
        Corner moved = *at;
        for (size_t i = 0; i < moved.size(); ++i)
          moved[i] = static_cast<int16_t>(moved[i] + (i == direction ? -step * d : step));
        neighbours_.push_back(corners.find(moved));
      }
    }
  }
}

std::vector<double> PermutohedralLattice::filtered(const std::vector<double>& values, int channels) const {
  const auto width = static_cast<size_t>(channels), count = static_cast<size_t>(dimensions_) + 1;
  const auto total = static_cast<size_t>(corners());
  std::vector<double> at_corners(total * width, 0), blurred(at_corners.size());
  for (size_t i = 0; i < corner_of_.size(); ++i) {
    const auto point = i / count;
    for (size_t channel = 0; channel < width; ++channel)
      at_corners[static_cast<size_t>(corner_of_[i]) * width + channel] +=
          weight_of_[i] * values[point * width + channel];
  }
  for (size_t direction = 0; direction < count; ++direction) {
    for (size_t at = 0; at < total; ++at) {
      const auto* next = &neighbours_[2 * (at * count + direction)];
      for (size_t channel = 0; channel < width; ++channel) {
        double sum = at_corners[at * width + channel];
        for (int side = 0; side < 2; ++side) {
          if (next[side] >= 0) sum += 0.5 * at_corners[static_cast<size_t>(next[side]) * width + channel];
        }
        blurred[at * width + channel] = sum;
      }
    }
    std::swap(at_corners, blurred);
  }
  std::vector<double> out(values.size(), 0);
  for (size_t i = 0; i < corner_of_.size(); ++i) {
    const auto point = i / count;
    for (size_t channel = 0; channel < width; ++channel)
      out[point * width + channel] += weight_of_[i] * at_corners[static_cast<size_t>(corner_of_[i]) * width + channel];
  }
  return out;
}

}  // namespace graft::discovery
