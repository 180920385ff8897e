// How a model's files were read: all that its numbers hang on beside its weights.
#pragma once

#include <string>

#include "graft/models/model.h"

namespace graft::models {

// Layout, towers, pooling and pre-processing as one line. Two models with one fingerprint and one reading compute the
// same.
std::string reading_of(const ModelInfo& info);

}  // namespace graft::models
