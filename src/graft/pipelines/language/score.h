// How likely texts are to a language model: a completion behind its prompt, or a whole text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/prompting/items.h"
#include "graft/prompting/language_model.h"
#include "graft/prompting/scores.h"

namespace graft::pipelines::language {

struct ScoredText {
  std::string item;  // "pairs.jsonl:3"
  prompting::Likelihood likelihood;
  int64_t words = 0, bytes = 0;  // of what was scored
};
struct ScoredTexts {
  std::vector<ScoredText> texts;
  std::vector<prompting::Score> scores;  // token, word and byte perplexity, bits per byte, over all of them
};

// Rows with `prompt` and `completion`, or with `text`, which is scored whole in windows; all of one kind. DataError
// that names the row for an empty completion, and for rows of neither kind.
ScoredTexts score_texts(const prompting::Items& items, prompting::LanguageModel& model);

}  // namespace graft::pipelines::language
