// Tensors by name: what trains, and what a file holds.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace graft::nn {

using Parameters = std::vector<std::pair<std::string, at::Tensor>>;  // in the order of installation
using NamedTensors = std::map<std::string, at::Tensor>;

}  // namespace graft::nn
