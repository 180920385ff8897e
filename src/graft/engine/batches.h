// Where training batches come from: photos through a loader, or features held in memory. Both give the same photos in
// the same order for the same seed.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "graft/data/loader.h"
#include "graft/data/resize.h"
#include "graft/nn/site.h"

namespace graft::engine {

struct Batch {
  at::Tensor value;   // of the photos at the task's first place, [B, ...]
  at::Tensor labels;  // [B] int64
};

class Batches {
 public:
  virtual ~Batches() = default;
  virtual int64_t photos() const = 0;
  virtual int64_t batch_size() const = 0;
  int64_t per_epoch() const { return (photos() + batch_size() - 1) / batch_size(); }
  int64_t size_of(int64_t batch) const;                 // the last of an epoch may be smaller
  virtual void seek(int64_t epoch, int64_t batch) = 0;  // both from 0
  virtual Batch next() = 0;                             // goes on into the next epoch
};

// Photos decoded and transformed by worker threads; `prefix` takes pixels to the task's first place.
class PhotoBatches final : public Batches {
 public:
  using Prefix = std::function<at::Tensor(const at::Tensor& pixels)>;
  PhotoBatches(std::unique_ptr<data::Loader> loader, int64_t photos, int64_t batch_size, data::Size size,
               Prefix prefix);
  int64_t photos() const override { return photos_; }
  int64_t batch_size() const override { return batch_size_; }
  void seek(int64_t epoch, int64_t batch) override { loader_->seek(epoch, batch); }
  Batch next() override;

 private:
  std::unique_ptr<data::Loader> loader_;
  int64_t photos_, batch_size_;
  data::Size size_;
  Prefix prefix_;
};

class FeatureBatches final : public Batches {
 public:
  // The order of an epoch, as places in the rows.
  using Order = std::function<std::vector<int64_t>(int64_t epoch)>;
  FeatureBatches(at::Tensor features, at::Tensor labels, int64_t batch_size, Order order);
  int64_t photos() const override { return labels_.size(0); }
  int64_t batch_size() const override { return batch_size_; }
  void seek(int64_t epoch, int64_t batch) override;
  Batch next() override;

 private:
  at::Tensor features_, labels_;  // [N, ...], [N]
  int64_t batch_size_;
  Order order_;
  at::Tensor epoch_order_;  // [N]
  int64_t epoch_ = 0, batch_ = 0;
};

// A loader's batch as a tensor over its memory; the batch must outlive it.
at::Tensor pixels_of(const data::Batch& batch, data::Size size);  // [B, 3, H, W]

}  // namespace graft::engine
