// Where training batches come from: examples through a loader, or features held in memory. Both give the same examples
// in the same order for the same seed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "graft/data/loader.h"
#include "graft/data/resize.h"
#include "graft/data/transforms.h"
#include "graft/nn/site.h"
#include "graft/nn/value.h"

namespace graft::engine {

struct Batch {
  nn::Value input;    // at the place where training begins
  at::Tensor target;  // [B] int64 classes, or [B, K] float32: several classes as 0 and 1, or numbers
  double weight = 0;  // how many answers are asked: examples here, pixels or tokens elsewhere
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
};

// Examples read and transformed by worker threads; `prefix` takes them to the place where training begins.
class LoadedBatches final : public Batches {
 public:
  using Prefix = std::function<nn::Value(nn::Value read)>;
  struct From {
    data::Preprocessing preprocessing;
    data::Target target = data::Target::label;
    int64_t examples = 0, batch_size = 0;
  };
  LoadedBatches(std::unique_ptr<data::Loader> loader, From from, Prefix prefix);
  int64_t examples() const override { return from_.examples; }
  int64_t batch_size() const override { return from_.batch_size; }
  void seek(int64_t epoch, int64_t batch) override { loader_->seek(epoch, batch); }
  Batch next() override;

 private:
  std::unique_ptr<data::Loader> loader_;
  From from_;
  Prefix prefix_;
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

}  // namespace graft::engine
