// What a person should know of class prompts before numbers are read off them.
#pragma once

#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/models/head.h"

namespace graft::engine {

// A warning for classes whose prompts are the same to the text tower, and one for prompts that were cut. Nothing for a
// linear head.
void say_of_prompts(const models::Head& head, const std::vector<std::string>& classes, Reporter& report);

// Of pairs: whether the text tower trains.
void say_of_captions(const models::Head& head, Reporter& report);

}  // namespace graft::engine
