// What a trainer sees of a problem: parameters, a loss for a batch, a validation. It knows neither methods nor models.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "graft/engine/accuracy.h"
#include "graft/engine/batches.h"
#include "graft/engine/parameters.h"
#include "graft/nn/insert.h"

namespace graft::engine {

class Task {
 public:
  virtual ~Task() = default;

  virtual const Parameters& parameters() const = 0;

  // The sum over the batch, not its mean: sums of parts are the sum of the whole.
  virtual at::Tensor loss(const Batch& batch, nn::Context& context) = 0;  // scalar

  virtual void parameters_changed() {}

  // Nothing where there is no validation split.
  virtual std::optional<Scores> validate() = 0;
};

}  // namespace graft::engine
