// A computation as an ONNX file: recorded (traced.h) and written operation by operation (aten.def), the number of
// examples left open.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "graft/io/onnx_file.h"
#include "graft/models/onnx/traced.h"
#include "graft/nn/parameters.h"

namespace graft::models::onnx {

struct NetworkInput {
  std::string name;
  at::Tensor examples;  // three, along the first dimension
};

// Opset 17. `outputs` are names, one for each tensor that the computation gives. Initializers are called as the tensors
// of `weights` whose numbers they hold; inputs that nothing needs are left out. ModelError that names an operation that
// is not in the list.
io::OnnxFile written_network(const Computation& computation, const std::vector<NetworkInput>& inputs,
                             const std::vector<std::string>& outputs, const nn::NamedTensors& weights);

}  // namespace graft::models::onnx
