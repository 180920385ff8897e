// Where training batches come from: something that reads examples as they are asked for, or features held in memory.
// Both give the same examples in the same order for the same seed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "graft/nn/value.h"

namespace graft::train {

struct Batch {
  nn::Value input;                // at the place where training begins
  at::Tensor target;              // [B] int64 classes, or [B, K] float32: several classes as 0 and 1, or numbers
  double weight = 0;              // how many answers are asked: examples here, pixels or tokens elsewhere
  int64_t epoch = 0, number = 0;  // where it stands, both from 0
  at::Tensor examples = {};       // [B] int64: which ones these are, by their places in the source
};

class Batches {
 public:
  virtual ~Batches() = default;
  virtual int64_t examples() const = 0;
  virtual int64_t batch_size() const = 0;
  int64_t per_epoch() const { return (examples() + batch_size() - 1) / batch_size(); }
  int64_t size_of(int64_t batch) const;                 // the last of an epoch may be smaller
  virtual void seek(int64_t epoch, int64_t batch) = 0;  // both from 0
  virtual Batch next() = 0;                             // goes on into the next epoch
  virtual double waited() const { return 0; }           // seconds that next() has waited for examples to be read
};

class FeatureBatches final : public Batches {
 public:
  // The order of an epoch, as indices of the rows.
  using Order = std::function<std::vector<int64_t>(int64_t epoch)>;
  FeatureBatches(nn::Value features, at::Tensor targets, int64_t batch_size, Order order);
  int64_t examples() const override { return targets_.size(0); }
  int64_t batch_size() const override { return batch_size_; }
  void seek(int64_t epoch, int64_t batch) override;
  Batch next() override;

 private:
  nn::Value features_;  // [N, ...]
  at::Tensor targets_;  // [N, ...]
  int64_t batch_size_;
  Order order_;
  at::Tensor epoch_order_;  // [N]
  int64_t epoch_ = 0, batch_ = 0;
};

}  // namespace graft::train
