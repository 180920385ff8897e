#include "graft/nn/layout.h"

#include "graft/core/error.h"

namespace graft::nn {

int64_t Layout::total() const {
  int64_t rows = 0;
  for (const auto& segment : segments)
    rows += segment.count;
  return rows;
}

int64_t Layout::count(TokenKind kind) const {
  int64_t rows = 0;
  for (const auto& segment : segments)
    rows += segment.kind == kind ? segment.count : 0;
  return rows;
}

int64_t Layout::begin(TokenKind kind) const {
  int64_t row = 0;
  for (const auto& segment : segments) {
    if (segment.kind == kind && segment.count > 0) return row;
    row += segment.count;
  }
  return -1;
}

Layout Layout::with(TokenKind kind, int64_t count, int64_t at) const {
  Layout result{{}, frames};
  int64_t row = 0;
  bool placed = false;
  for (const auto& segment : segments) {
    if (row == at && !placed) {
      result.segments.push_back({kind, count});
      placed = true;
    }
    result.segments.push_back(segment);
    row += segment.count;
  }
  if (!placed) {
    GRAFT_ASSERT(row == at);
    result.segments.push_back({kind, count});
  }
  return result;
}

}  // namespace graft::nn
