// Between the tensors of an adaptation and the names that an adapter file gives them.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "graft/models/model.h"
#include "graft/nn/parameters.h"

namespace graft::methods {

// Copies `tensors` into `wanted` name by name. What is missing, unexpected or misshapen is listed in one ModelError,
// and then nothing is copied.
void copy_by_name(const std::string& method, const models::Model& model, const nn::NamedTensors& tensors,
                  const nn::NamedTensors& wanted);

}  // namespace graft::methods
