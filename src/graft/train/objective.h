// What a trainer sees of what it trains: parameters, a loss for a batch, a validation. It knows neither methods nor
// models.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "graft/nn/insert.h"
#include "graft/nn/parameters.h"
#include "graft/tasks/scores.h"
#include "graft/train/batches.h"

namespace graft::train {

class Objective {
 public:
  virtual ~Objective() = default;

  virtual const nn::Parameters& parameters() const = 0;

  // What training changes without gradients and a checkpoint keeps: the statistics of batch norms.
  virtual const nn::Parameters& statistics() const {
    static const nn::Parameters none;
    return none;
  }

  // The sum over what the batch asks, not its mean: sums of parts are the sum of the whole.
  virtual at::Tensor loss(const Batch& batch, nn::Context& context) = 0;  // scalar
  // What the mean of that is over: what the batch asks, unless answers weigh more or less.
  virtual double weight_of(const Batch& batch) const { return batch.weight; }

  virtual void parameters_changed() {}

  // Nothing where there is no validation split.
  virtual std::optional<tasks::Scores> validate() = 0;
  virtual std::vector<std::string> score_names() const = 0;  // of what validate() gives, in its order
};

}  // namespace graft::train
