// How results are shown: accuracies for people and for machines, predictions a row a photo.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "graft/cli/terminal.h"
#include "graft/pipelines/evaluate.h"
#include "graft/tasks/accuracy.h"

namespace graft::cli {

// {"accuracy": ..., "interval": [low, high] of the first score, ..., "loss": ..., "count": ...}
nlohmann::json to_json(const tasks::Scores& scores);
// The same with "correct" and, for each class, how many there were and how many of them were right.
nlohmann::json to_json(const tasks::Scores& scores, const tasks::Predictions& predictions,
                       const std::vector<std::string>& classes);

// {"file": ..., "label": ..., "probability": ..., "top": [[name, probability], ...]}, and "truth" where it is known; of
// masks
// {"file": ..., "shares": {name: of the photo's pixels, ...}}.
nlohmann::json to_json(const tasks::Predictions& predictions, int64_t row, const std::vector<std::string>& classes);

// One object a line under --json, else a line an example: file, best class, the runners-up.
void print_predictions(const pipelines::Evaluation& evaluation, Terminal& terminal);

// Adds the notes that concern numbers, as "notes": a list, empty where there are none.
nlohmann::json with_notes(nlohmann::json json, const Terminal& terminal);

nlohmann::json finite_number(double value);  // null where it is not

std::string dump(const nlohmann::json& json);  // one line; bytes that are no UTF-8 (in a file's name) become U+FFFD

}  // namespace graft::cli
