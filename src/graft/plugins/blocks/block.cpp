#include "graft/plugins/blocks/block.h"

#include <torch/types.h>

#include <algorithm>
#include <numeric>

#include "graft/core/error.h"
#include "graft/methods/initial.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins {
namespace {

constexpr int64_t kNarrowest = 4;

}  // namespace

std::vector<size_t> every(const std::vector<int64_t>& widths) {
  std::vector<size_t> all(widths.size());
  std::iota(all.begin(), all.end(), size_t{0});
  return all;
}

int64_t reduced_width(const char* block, int64_t width, int64_t ratio) {
  if (ratio < 1) throw ConfigError(block, "--ratio: expected 1 or more, got {}.", ratio);
  return std::max(width / ratio, std::min(width, kNarrowest));
}

at::Tensor rows_in_pairs(int64_t out, int64_t in, Random& random) {
  const auto half = methods::kaiming_uniform((out + 1) / 2, in, random);
  return at::stack({half, -half}, 1).flatten(0, 1).narrow(0, 0, out).contiguous();
}

}  // namespace graft::plugins
