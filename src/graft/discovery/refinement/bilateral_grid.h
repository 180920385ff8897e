// A photo's pixels in the five dimensions of place and colour, cut into cells (Chen, Paris & Durand 2007): sums over
// the pixels of a cell, and the blur over neighbouring cells, made doubly stochastic as Barron & Poole 2016
// (arXiv:1511.03296) do, algorithm 1.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "graft/data/resize.h"

namespace graft::discovery {

struct CellSizes {
  double spatial = 16;  // pixels
  double luma = 16;     // of 255
  double chroma = 8;
};

class BilateralGrid {
 public:
  static constexpr int kDimensions = 5;

  BilateralGrid(const data::Image& photo, const CellSizes& sizes);

  int64_t cells() const { return static_cast<int64_t>(counts_.size()); }
  const std::vector<int32_t>& cell_of() const { return cell_of_; }  // each pixel's, row by row

  std::vector<double> sums(const std::vector<double>& of_pixels) const;
  // Twice the number of dimensions times a cell's own value, and its neighbours': [1 2 1] along each dimension, added.
  std::vector<double> blurred(const std::vector<double>& of_cells) const;
  // n and m with which diag(n) blur diag(n) has the row sums m.
  struct Stochastic {
    std::vector<double> n, m;
  };
  Stochastic balanced() const;

 private:
  std::vector<int32_t> cell_of_;
  std::vector<double> counts_;                                    // pixels in a cell
  std::vector<std::array<int32_t, 2 * kDimensions>> neighbours_;  // -1: none
};

}  // namespace graft::discovery
