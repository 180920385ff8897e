#include "graft/text/answer_span.h"

#include <algorithm>
#include <string>

namespace graft::text {

AnswerSpan encode_answer(const Tokenizer& tokenizer, std::string_view before, std::string_view answer, bool begins) {
  AnswerSpan span;
  span.ids = tokenizer.encode(std::string(before).append(answer), Specials::kAsText, begins);
  if (answer.empty()) {
    span.begin = span.ids.size();
    return span;
  }
  if (before.empty()) return span;
  const auto alone = tokenizer.encode(before, Specials::kAsText, begins);
  const auto [mine, theirs] = std::mismatch(span.ids.begin(), span.ids.end(), alone.begin(), alone.end());
  span.begin = static_cast<size_t>(mine - span.ids.begin());
  span.straddles = theirs != alone.end();
  return span;
}

}  // namespace graft::text
