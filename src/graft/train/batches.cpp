#include "graft/train/batches.h"

#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "graft/tensor/on_cpu.h"

namespace graft::train {

int64_t Batches::size_of(int64_t batch) const {
  return std::min(batch_size(), examples() - batch * batch_size());
}

FeatureBatches::FeatureBatches(nn::Value features, at::Tensor targets, int64_t batch_size, Order order)
    : features_(std::move(features)), targets_(std::move(targets)), batch_size_(batch_size), order_(std::move(order)) {
  seek(0, 0);
}

void FeatureBatches::seek(int64_t epoch, int64_t batch) {
  epoch_ = epoch;
  batch_ = batch;
  epoch_order_ = torch::tensor(order_(epoch), tensor::on_cpu(at::kLong));
}

Batch FeatureBatches::next() {
  if (batch_ == per_epoch()) seek(epoch_ + 1, 0);
  const at::Tensor rows = epoch_order_.narrow(0, batch_ * batch_size_, size_of(batch_));
  // Of a clip's frames each is a row: [N * frames, ...].
  const int64_t frames = features_.layout.frames;
  const at::Tensor x = frames == 1 ? features_.x.index_select(0, rows)
                                   : features_.x.unflatten(0, {-1, frames}).index_select(0, rows).flatten(0, 1);
  return {
      {x, features_.layout}, targets_.index_select(0, rows), static_cast<double>(rows.numel()), epoch_, batch_++, rows};
}

}  // namespace graft::train
