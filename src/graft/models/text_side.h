// The text tower beside the tower that examples go into: what it hangs on, so that what was computed with it can be
// kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "graft/models/model.h"

namespace graft::models {

// Of the text tower and of what sits in it.
std::vector<at::Tensor> text_parameters(Model& model);

// Another number where one of them is another tensor or was written to.
uint64_t stamp_of(const std::vector<at::Tensor>& parameters);

// Whether a step from here would change them.
bool any_trains(const std::vector<at::Tensor>& parameters);

}  // namespace graft::models
