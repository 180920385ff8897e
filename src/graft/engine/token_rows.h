// Texts as a decoder trains on them: rows of tokens, with what of them is asked for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "graft/data/documents.h"
#include "graft/train/batches.h"

namespace graft::engine {

// Rows of tokens, each perhaps of several documents one after another, padded behind.
struct TokenRows {
  at::Tensor ids;        // [N, T] int64
  at::Tensor targets;    // [N, T] int64: the token that follows, or -1 where none is asked for
  at::Tensor present;    // [N, T] bool: no padding
  at::Tensor documents;  // [N, T] int64, which document a token is of; undefined: a row is one
};

// Documents of at most `length` tokens each (data/documents.h), one a row, or with `pack` several; a row is as long as
// the longest. DataError where nothing is asked for in any.
TokenRows token_rows(const data::Documents& documents, int64_t length, bool pack, int32_t pad);

// The `chosen` rows [B], as long as their longest: the input with its documents as `types`, the targets, and as weight
// how many are asked for.
train::Batch rows_batch(const TokenRows& rows, const at::Tensor& chosen, int64_t epoch, int64_t number);

class TokenBatches final : public train::Batches {
 public:
  using Order = train::FeatureBatches::Order;
  TokenBatches(TokenRows rows, int64_t batch_size, Order order);
  int64_t examples() const override { return rows_.ids.size(0); }
  int64_t batch_size() const override { return batch_size_; }
  void seek(int64_t epoch, int64_t batch) override;
  train::Batch next() override;

 private:
  TokenRows rows_;
  int64_t batch_size_;
  Order order_;
  std::vector<int64_t> of_epoch_;
  int64_t epoch_ = 0, batch_ = 0;
};

}  // namespace graft::engine
