#include "graft/plugins/blocks/positions.h"

#include <torch/types.h>

namespace graft::plugins {
namespace {

bool is_maps(const at::Tensor& x) {
  return x.dim() == 4;
}

}  // namespace

at::Tensor positions(const at::Tensor& x) {
  return is_maps(x) ? x.flatten(2).transpose(1, 2) : x;
}

at::Tensor mean_of_positions(const at::Tensor& x) {
  return is_maps(x) ? x.mean({2, 3}) : x.mean(1);
}

at::Tensor at_each_position(const at::Tensor& row, const at::Tensor& x) {
  return is_maps(x) ? row.unsqueeze(2).unsqueeze(3) : row.unsqueeze(1);
}

}  // namespace graft::plugins
