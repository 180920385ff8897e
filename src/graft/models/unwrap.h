// Weights as a training script saved them, brought to the names that a model's own code gives: wrappers of
// torch.compile and DataParallel, DINOv2's block chunks, and whatever stands before every name (Lightning's "model.").
// Of several models in one file the one is taken that its project evaluates: the average before the trained weights,
// the teacher before the student; otherwise the file is refused.
#pragma once

#include <functional>
#include <vector>

#include "graft/core/log.h"
#include "graft/io/weights.h"

namespace graft::models {

struct Unwrapped {
  io::Weights weights;
  std::vector<Note> notes;
};

// `knows` tells whether some family recognises tensors. Tensors that none does come back with their names mended.
Unwrapped unwrap(const io::Weights& weights, const std::function<bool(const io::Weights&)>& knows);

}  // namespace graft::models
