// Training batches of a data set's examples.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "graft/data/dataset.h"
#include "graft/data/loader.h"
#include "graft/data/resize.h"
#include "graft/data/transforms.h"
#include "graft/engine/batch_mixing.h"
#include "graft/nn/value.h"
#include "graft/train/batches.h"

namespace graft::engine {

// Examples read and transformed by worker threads; `prefix` takes them to the place where training begins.
class LoadedBatches final : public train::Batches {
 public:
  using Prefix = std::function<nn::Value(nn::Value read)>;
  struct From {
    data::Preprocessing preprocessing;
    data::Target target = data::Target::label;
    int64_t examples = 0, batch_size = 0;
    BatchMixing mixing = {};  // of what is read
  };
  LoadedBatches(std::unique_ptr<data::Loader> loader, From from, Prefix prefix);
  int64_t examples() const override { return from_.examples; }
  int64_t batch_size() const override { return from_.batch_size; }
  void seek(int64_t epoch, int64_t batch) override;
  train::Batch next() override;
  double waited() const override { return loader_->waited(); }

 private:
  std::unique_ptr<data::Loader> loader_;
  From from_;
  Prefix prefix_;
  int64_t epoch_ = 0, batch_ = 0;  // of what comes next
};

}  // namespace graft::engine
