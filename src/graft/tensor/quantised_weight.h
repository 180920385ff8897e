// A frozen matrix that stays in memory as its file has it: GGUF's blocks (block_format.h), or four bits a number with
// the scales of bitsandbytes (NF4, Dettmers et al. 2023, arXiv:2305.14314, sections 3 and 4). Whoever multiplies it
// makes numbers of a stripe at a time; a dense copy is nowhere.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "graft/tensor/block_format.h"

namespace graft::tensor {

// The scales of NF4: an absmax for each `block` numbers of the flattened weight. They may be quantised themselves
// ("double quantisation"): absmax[j] = nested_table[codes[j]] nested_absmax[j / nested_block] + offset.
struct Nf4Scales {
  int64_t block = 64;             // even
  at::Tensor absmax = {};         // [blocks] float32, or uint8 codes where nested_absmax is there
  at::Tensor nested_absmax = {};  // [nested blocks] float32
  at::Tensor nested_table = {};   // [256] float32
  float nested_offset = 0;
  int64_t nested_block = 256;
  at::ScalarType type = at::kFloat;  // what the numbers were, and are rounded to when they are made again

  int64_t bytes() const;
  void read(int64_t first, int64_t count, float* to) const;  // absmax of those blocks
};

// Rows that lie in one format.
struct QuantisedRows {
  BlockFormat format = BlockFormat::q8_0;
  int64_t rows = 0, columns = 0;  // of formats with blocks of 32 or 256: columns are whole blocks
  at::Tensor blocks = {};         // uint8 [bytes], may lie in read-only memory that its storage holds alive
  Nf4Scales scales = {};          // of nf4
  int64_t first_row = 0;          // of nf4: where `blocks` and `scales` begin to be read

  int64_t row_bytes() const;  // not of nf4, whose rows share bytes
};

struct QuantisedWeight {
  int64_t rows = 0, columns = 0;          // [out, in]
  std::vector<QuantisedRows> parts = {};  // one under the other, in any formats

  int64_t bytes() const;  // in memory, scales with them
};

// Blocks of GGUF for [rows, columns]: ShapeError where they do not fit. `blocks` uint8, contiguous, is held, not
// copied.
QuantisedWeight quantised(BlockFormat, int64_t rows, int64_t columns, const at::Tensor& blocks);
// Bytes [(rows columns + 1) / 2] of NF4, the even number in the high bits; checked with its scales.
QuantisedWeight quantised_nf4(int64_t rows, int64_t columns, const at::Tensor& bytes, const Nf4Scales&);

// weight [out, in] -> q8_0 (as ggml's reference rounds), f32, f16, bf16, or NF4 (as bitsandbytes 0.50 rounds, blocks of
// 64, scales quantised in blocks of 256). ShapeError where `in` is no multiple of the block.
QuantisedWeight quantise(const at::Tensor& weight, BlockFormat);
QuantisedWeight quantise_nf4(const at::Tensor& weight, bool double_quantised = true);

// Matrices of equal width, one under the other; nothing is copied.
QuantisedWeight stacked(const std::vector<QuantisedWeight>&);

// Rows begin .. begin + count, which share the memory.
QuantisedWeight narrow_rows(const QuantisedWeight&, int64_t begin, int64_t count);

at::Tensor dequantise(const QuantisedWeight&);                                // [rows, columns] float32
at::Tensor dequantise_rows(const QuantisedWeight&, const at::Tensor& which);  // [...] int64 -> [..., columns] float32

// `count` numbers of a row from column `first` on.
void read_numbers(const QuantisedRows&, int64_t row, int64_t first, int64_t count, float* to);

// The signed dynamic map of 8 bits (Dettmers et al. 2022, arXiv:2110.02861), [256] float32 rising: the codes of NF4's
// quantised scales.
at::Tensor dynamic_map();

}  // namespace graft::tensor
