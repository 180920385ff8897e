// Class names made into what a text tower reads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/models/tower.h"
#include "graft/nn/value.h"

namespace graft::models {

// Texts as a tower reads them, padded to one length.
struct Prompts {
  nn::Value ids;            // [C, T] int64; the last present row is the end token's
  at::Tensor learned = {};  // [C, M] int64 rows that stand for learned words, or undefined
  int64_t cut = 0;          // how many of them were too long
};

// Where the class's name stands among learned words: behind them all, between them, or before them.
enum class WordPosition { end, middle, front };
std::vector<std::pair<WordPosition, std::string>> choices(WordPosition);

// form: "a photo of a {}.", the name in place of {}. Rows are as long as the longest prompt.
Prompts filled_prompts(const std::vector<std::string>& names, const std::string& form, const TextReader& reader);

// CoOp's prompts (Zhou et al. 2022): `words` placeholders, the name and a full stop, tokenised as one text and then put
// in the order that `position` asks for.
Prompts learned_prompts(const std::vector<std::string>& names, int64_t words, WordPosition position,
                        const TextReader& reader);

}  // namespace graft::models
