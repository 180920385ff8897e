// x Wᵀ on the kernels: blocks of rows small enough for the second-level cache, a task each; within a block, panel after
// panel of the weight. Low-rank branches are further steps of the same sums. Every sum runs in one fixed order,
// whatever the number of rows and threads.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "graft/tensor/kernels.h"
#include "graft/tensor/packed_weight.h"

namespace graft::tensor {

// sums += reduced * up, with reduced = a[:, begin : begin + k] * down.
struct ProductBranch {
  int64_t begin = 0, k = 0;  // the columns of the left side that `down` reads
  int64_t rank = 0;
  at::Tensor down;          // branch_panels of [rank, k]
  at::Tensor up;            // float_panels of [columns, rank]
  int64_t first_panel = 0;  // of the result, that `up` adds to
  at::Tensor reduced;       // [m, rank] float32, written
};

// A block of rows that has been multiplied, for what else is to be made of it while it is in the cache.
struct FinishedBlock {
  int64_t index, first, rows;
  const float* left;  // [rows, k] as it was multiplied
  int64_t left_stride;
};

struct Product {
  const PackedWeight* weight = nullptr;
  int64_t m = 0;
  ConstRows left;    // [m, k]
  ConstRows before;  // [m, k]: the left side is multiplied with the slope of `slope_of` there; null data: not
  Activation slope_of = Activation::none;
  std::vector<ProductBranch> branches;
  Epilogue epilogue;    // bias of whole panels; null out: only branches and blocks are wanted
  bool gather = false;  // call on_block
  std::function<void(const FinishedBlock&)> on_block;
};

int64_t product_blocks(int64_t m, const PackedWeight&);  // how many blocks there will be

// The `down` of a branch that reads the left side from column `begin` on; bf16: the left side is.
at::Tensor branch_panels(const KernelTable&, const at::Tensor& matrix, int64_t begin, bool bf16);

void run_product(const KernelTable&, const Product&);

}  // namespace graft::tensor
