// A text and the pieces that it has fallen into so far. Each step of a pre-tokeniser splits the pieces further, or
// rewrites what is in them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace graft::text {

struct Span {
  size_t begin, end;
};

struct Pieces {
  std::u32string text;
  std::vector<Span> spans;  // ascending, none empty
  bool begins = true;       // a first piece at 0 is the beginning of the whole text: nothing stood before it

  std::u32string_view operator[](size_t i) const {
    return std::u32string_view(text).substr(spans[i].begin, spans[i].end - spans[i].begin);
  }
};

using PieceStep = std::function<void(Pieces&)>;

// What becomes of the places where a splitter matched.
enum class Matched { kRemoved, kIsolated, kWithPrevious, kWithNext, kContiguous };

struct Match {
  size_t begin, end;
};
// All matches in a piece, left to right, none empty.
using FindMatches = std::function<void(std::u32string_view piece, std::vector<Match>& matches)>;

// The step that splits each piece at what `find` finds; inverted, at what lies between.
PieceStep split_step(FindMatches find, Matched matched, bool inverted = false);
// The step that rewrites each piece: `rewrite(piece, text)` appends what it becomes to `text`.
PieceStep rewrite_step(std::function<void(std::u32string_view piece, std::u32string& text)> rewrite);

}  // namespace graft::text
