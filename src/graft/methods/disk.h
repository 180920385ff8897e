// Between the tensors of an adaptation and the names that an adapter file gives them.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "graft/models/model.h"

namespace graft::methods {

using Tensors = std::map<std::string, at::Tensor>;

// Copies `tensors` into `wanted` name by name. What is missing, unexpected or misshapen is listed in one ModelError,
// and then nothing is copied.
void copy_by_name(const std::string& method, const models::Model& model, const Tensors& tensors, const Tensors& wanted);

}  // namespace graft::methods
