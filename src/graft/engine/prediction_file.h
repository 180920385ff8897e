// Predictions as JSON, an object a line: file, split, label, predicted, probability, scores (one a class, in their
// order).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "graft/engine/accuracy.h"

namespace graft::engine {

std::string prediction_lines(std::string_view split, const Predictions& predictions,
                             const std::vector<std::string>& classes);

}  // namespace graft::engine
