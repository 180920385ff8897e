#include "graft/text/pieces.h"

#include <utility>

namespace graft::text {
namespace {

struct Part {
  size_t begin, end;
  bool matched;
};

// The piece cut into what matched and what lies between.
void cut_at(const std::vector<Match>& matches, size_t length, bool inverted, std::vector<Part>& parts) {
  parts.clear();
  size_t at = 0;
  for (const Match& match : matches) {
    if (at < match.begin) parts.push_back({at, match.begin, inverted});
    parts.push_back({match.begin, match.end, !inverted});
    at = match.end;
  }
  if (at < length) parts.push_back({at, length, inverted});
}

// `spans` grows by the parts of one piece that begins at `offset`.
void join(const std::vector<Part>& parts, Matched matched, size_t offset, std::vector<Span>& spans) {
  const auto add = [&](const Part& part) { spans.push_back({offset + part.begin, offset + part.end}); };
  const auto extend = [&](const Part& part) { spans.back().end = offset + part.end; };
  bool before = false;  // did the part before match?
  switch (matched) {
    case Matched::kRemoved:
      for (const Part& part : parts) {
        if (!part.matched) add(part);
      }
      break;
    case Matched::kIsolated:
      for (const Part& part : parts)
        add(part);
      break;
    case Matched::kContiguous:
      for (size_t i = 0; i < parts.size(); ++i) {
        i > 0 && parts[i].matched == before ? extend(parts[i]) : add(parts[i]);
        before = parts[i].matched;
      }
      break;
    case Matched::kWithPrevious:
      for (size_t i = 0; i < parts.size(); ++i) {
        i > 0 && parts[i].matched && !before ? extend(parts[i]) : add(parts[i]);
        before = parts[i].matched;
      }
      break;
    case Matched::kWithNext:
      for (size_t i = 0; i < parts.size(); ++i) {
        before && !parts[i].matched ? extend(parts[i]) : add(parts[i]);
        before = parts[i].matched;
      }
      break;
  }
}

}  // namespace

PieceStep split_step(FindMatches find, Matched matched, bool inverted) {
  return [find = std::move(find), matched, inverted](Pieces& pieces) {
    std::vector<Span> spans;
    std::vector<Match> matches;
    std::vector<Part> parts;
    spans.reserve(pieces.spans.size());
    for (size_t i = 0; i < pieces.spans.size(); ++i) {
      const std::u32string_view piece = pieces[i];
      matches.clear();
      find(piece, matches);
      cut_at(matches, piece.size(), inverted, parts);
      join(parts, matched, pieces.spans[i].begin, spans);
    }
    pieces.spans = std::move(spans);
  };
}

PieceStep rewrite_step(std::function<void(std::u32string_view, std::u32string&)> rewrite) {
  return [rewrite = std::move(rewrite)](Pieces& pieces) {
    Pieces rewritten;
    rewritten.text.reserve(pieces.text.size() + pieces.text.size() / 2);
    rewritten.spans.reserve(pieces.spans.size());
    rewritten.begins = pieces.begins && (pieces.spans.empty() || pieces.spans[0].begin == 0);
    for (size_t i = 0; i < pieces.spans.size(); ++i) {
      const size_t begin = rewritten.text.size();
      rewrite(pieces[i], rewritten.text);
      if (rewritten.text.size() > begin) rewritten.spans.push_back({begin, rewritten.text.size()});
    }
    pieces = std::move(rewritten);
  };
}

}  // namespace graft::text
