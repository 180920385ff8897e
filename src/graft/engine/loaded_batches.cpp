#include "graft/engine/loaded_batches.h"

#include <torch/types.h>

#include <utility>

#include "graft/core/error.h"
#include "graft/models/sources.h"
#include "graft/tensor/on_cpu.h"

namespace graft::engine {

LoadedBatches::LoadedBatches(std::unique_ptr<data::Loader> loader, From from, Prefix prefix)
    : loader_(std::move(loader)), from_(from), prefix_(std::move(prefix)) {}

void LoadedBatches::seek(int64_t epoch, int64_t batch) {
  loader_->seek(epoch, batch);
  epoch_ = epoch;
  batch_ = batch;
}

train::Batch LoadedBatches::next() {
  auto batch = loader_->next();
  if (!batch) batch = loader_->next();  // an epoch ended there
  GRAFT_ASSERT(batch);
  if (batch_ == per_epoch()) {
    ++epoch_;
    batch_ = 0;
  }
  auto read = models::value_of(*batch, from_.preprocessing);
  auto target = models::targets_of(*batch, from_.target);
  if (const auto mix = from_.mixing.draw(plugins::MixPlace::input, epoch_, batch_, read)) {
    target = from_.mixing.targets(target, *mix);
    mix_values(read, *mix);
  }
  train::Batch result{prefix_(read), target,   static_cast<double>(batch->size()),
                      epoch_,        batch_++, torch::tensor(batch->indices, tensor::on_cpu(at::kLong))};
  loader_->recycle(std::move(*batch));
  return result;
}

}  // namespace graft::engine
