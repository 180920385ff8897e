// Class names made into what a text tower reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/models/classifier.h"
#include "graft/models/model.h"

namespace graft::models {

// form: "a photo of a {}.", the name in place of {}. Rows are as long as the longest prompt.
Prompts filled_prompts(const std::vector<std::string>& names, const std::string& form, const TextReader& reader);

// CoOp's prompts (Zhou et al. 2022): `words` placeholders, the name and a full stop, tokenised as one text and then put
// in the order that `position` asks for.
Prompts learned_prompts(const std::vector<std::string>& names, int64_t words, PromptClassifier::Position position,
                        const TextReader& reader);

}  // namespace graft::models
