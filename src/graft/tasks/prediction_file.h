// Predictions as JSON, an object a line: file, split, label, predicted, probability, scores (one a class, in their
// order); where only the best are kept, "top": [[class, probability], ...] in place of scores. Of several classes
// labels and predicted are lists; of numbers there are value and predicted; of masks the pixels whose class is known
// (pixels), how many of them are right (correct) and miou.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "graft/tasks/accuracy.h"

namespace graft::tasks {

// Atomically.
void write_predictions(const std::filesystem::path& file, std::string_view split, const Predictions& predictions,
                       const std::vector<std::string>& classes);

}  // namespace graft::tasks
