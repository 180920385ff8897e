// The edges of masks, scored by themselves: mIoU hardly sees a mask that is a little too wide, an object's edge does
// (Boundary IoU, Cheng et al. 2021, arXiv:2103.16562).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "graft/data/masks.h"

namespace graft::tasks {

// How wide the edge is that the paper scores: of the photo's diagonal.
inline constexpr double kEdgeOfTheDiagonal = 0.02;
// In pixels, at least one.
int64_t edge_width(data::Size photo, double of_the_diagonal = kEdgeOfTheDiagonal);

// [height * width], 1 for a pixel within `width` pixels, counted along rows, columns and both at once, of one with
// another number or of what lies beyond the photo: what eroding each number's area by a square of 2 width + 1 takes
// off.
std::vector<uint8_t> edges_of(const data::Mask& mask, int64_t width);

// [3, classes] int64 as sides_of() gives them, of edge pixels alone: how many edge pixels of a class are in the truth,
// are told, and are both. Masks of one size; told pixels of a number k are of class class_of[k], or nothing (-1). What
// the truth does not tell is not counted, and both have an edge where it begins.
// `edges` are the truth's, of its own edge_width().
at::Tensor edge_sides(const data::Mask& told, const data::Mask& truth, const std::vector<uint8_t>& edges,
                      const std::vector<int64_t>& class_of, int64_t classes);

}  // namespace graft::tasks
