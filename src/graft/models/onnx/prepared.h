// What a node's constants allow to be done once, when a graph is opened, instead of each time that it runs.
#pragma once

#include <functional>

#include "graft/models/onnx/operators.h"

namespace graft::models::onnx {

using Compute = std::function<Outputs(const Call&)>;

// A MatMul with a constant matrix on its right as a packed product (tensor/frozen_linear.h), which needs the matrix no
// more: the Call's input 1 may be left out. `right` is what that input is, undefined where it is not constant. Null
// where nothing can be done ahead.
Compute prepared(const io::OnnxNode& node, const at::Tensor& right);

}  // namespace graft::models::onnx
