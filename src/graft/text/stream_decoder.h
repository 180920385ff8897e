// Tokens one at a time become text as soon as it is certain: never half of a character.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "graft/text/tokenizer.h"

namespace graft::text {

class StreamDecoder {
 public:
  // What comes goes on from `before`, whose text is known already: a blank between the two is part of what comes. The
  // tokeniser outlives it.
  explicit StreamDecoder(const Tokenizer& tokenizer, std::span<const int32_t> before = {});

  std::string add(int32_t id);  // what is certain since; may be nothing
  std::string finish();         // what was held back, U+FFFD where bytes are no character

 private:
  std::string release(size_t count);  // of those that are held back

  const Tokenizer& tokenizer_;
  std::vector<int32_t> ids_;  // the last that are out, then those that are held back
  size_t out_ = 0;            // how many of them are out
  std::string out_text_;      // what those alone decode to
};

}  // namespace graft::text
