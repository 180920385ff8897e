// Gaussian filtering of many numbers at points of a few dimensions, by the permutohedral lattice (Adams, Baek & Davis
// 2010): each point gives to the d + 1 corners of its simplex, corners are blurred along d + 1 directions, and each
// point takes back. In time linear in the points; an approximation, whose weights reach about two deviations.
#pragma once

#include <cstdint>
#include <vector>

namespace graft::discovery {

class PermutohedralLattice {
 public:
  // features: points * dimensions numbers, point by point, in units of the Gaussian's deviation.
  PermutohedralLattice(const std::vector<double>& features, int dimensions);

  // values: points * channels numbers -> what the filter makes of them, up to one factor for all.
  std::vector<double> filtered(const std::vector<double>& values, int channels) const;
  int64_t corners() const { return static_cast<int64_t>(neighbours_.size()) / (2 * (dimensions_ + 1)); }

 private:
  int dimensions_;
  int64_t points_;
  std::vector<int32_t> corner_of_;   // points * (d + 1)
  std::vector<double> weight_of_;    // barycentric, likewise
  std::vector<int32_t> neighbours_;  // corners * (d + 1) * 2; -1: none
};

}  // namespace graft::discovery
