// What blocks read, whichever network they stand in: maps [B, C, H, W] of a ResNet, or tokens [B, T, C] of a ViT, of
// which each row is a position.
#pragma once

#include <ATen/core/Tensor.h>

namespace graft::plugins {

at::Tensor positions(const at::Tensor& x);          // -> [B, N, C]
at::Tensor mean_of_positions(const at::Tensor& x);  // -> [B, C]
// One row an example, [B, C], shaped so that it meets every position of x.
at::Tensor at_each_position(const at::Tensor& row, const at::Tensor& x);

}  // namespace graft::plugins
