// Which rows of [B, T, D] are what. A method that puts tokens in says what layout results; pooling, and whoever needs
// the patches alone, asks the layout and never counts rows itself.
#pragma once

#include <cstdint>
#include <vector>

namespace graft::nn {

enum class TokenKind { class_token, prompt, distillation, register_token, patch, word };

struct Segment {
  TokenKind kind;
  int64_t count = 0;
};

struct Layout {
  std::vector<Segment> segments;
  int64_t frames = 1;  // rows of time, for a video's [B * frames, T, D]

  int64_t total() const;
  int64_t count(TokenKind kind) const;
  int64_t begin(TokenKind kind) const;  // first row of the first segment of that kind, or -1
  // A copy with `count` rows of `kind` put in before row `at` (a boundary between segments).
  Layout with(TokenKind kind, int64_t count, int64_t at) const;
};

}  // namespace graft::nn
