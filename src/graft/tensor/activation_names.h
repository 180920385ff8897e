// What activations are called in options and in files that graft writes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/tensor/activation_kind.h"

namespace graft::tensor {

std::string_view to_string(Activation);
std::vector<std::pair<Activation, std::string>> choices(Activation);  // all but none

}  // namespace graft::tensor
