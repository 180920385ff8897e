#include "graft/discovery/word_masks.h"

#include <torch/types.h>

#include <limits>

#include "graft/core/error.h"
#include "graft/models/head.h"

namespace graft::discovery {

at::Tensor without_unseen(const at::Tensor& scores, double least) {
  const auto surest = at::softmax(scores, 0).flatten(1).amax(1);  // [C]
  const auto unseen = surest.lt(least).logical_and(surest.lt(surest.max()));
  return scores.masked_fill(unseen.view({-1, 1, 1}), -std::numeric_limits<double>::infinity());
}

at::Tensor smoothed(const at::Tensor& probabilities, const at::Tensor& keys) {
  GRAFT_ASSERT(keys.size(0) == probabilities.size(1) * probabilities.size(2));
  const auto rows = models::unit(keys.to(at::kFloat));
  // (p K) Kᵀ: what is as wide as the keys, and not places by places.
  return at::matmul(at::matmul(probabilities.flatten(1), rows), rows.t()).view_as(probabilities);
}

}  // namespace graft::discovery
