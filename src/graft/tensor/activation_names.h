// What activations are called in options and in files that graft writes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graft/tensor/activation_kind.h"

namespace graft::tensor {

std::vector<std::pair<Activation, std::string>> choices(Activation);  // all but none

}  // namespace graft::tensor
