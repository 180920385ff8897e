// Several methods at once, "lora+vpt": the union of what they put in and train, under the recipe of the first. Options
// of one are written "lora.rank". Where two sit at the same site, the one named first is the inner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graft/methods/method.h"

namespace graft::methods {

// "lora+vpt" -> lora, vpt
std::vector<std::string> parts_of(const std::string& names);

std::unique_ptr<Method> combine(const std::string& names, const OptionValues& values);

}  // namespace graft::methods
