// A text and the answer that goes on from it, as one row of ids.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graft/text/tokenizer.h"

namespace graft::text {

struct AnswerSpan {
  std::vector<int32_t> ids;  // of both together, without a frame
  size_t begin = 0;          // the answer's first
  // Its first characters became one token with the text's last: that token is the answer's, and the text alone has
  // other ids than it has here.
  bool straddles = false;
};
// Special tokens in either are text. `begins` as in Tokenizer::encode().
AnswerSpan encode_answer(const Tokenizer& tokenizer, std::string_view before, std::string_view answer, bool begins);

}  // namespace graft::text
