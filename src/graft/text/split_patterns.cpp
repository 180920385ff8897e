#include "graft/text/split_patterns.h"

#include <algorithm>
#include <utility>

#include "graft/text/characters.h"

namespace graft::text {
namespace {

using characters::is;
using enum characters::Class;
using View = std::u32string_view;

bool is_blank(char32_t c) {
  return is(c, kWhiteSpace);
}
bool is_other(char32_t c) {
  return !is(c, kWhiteSpace | kLetter | kNumber);
}
bool is_line_end(char32_t c) {
  return c == '\n' || c == '\r';
}

template <class Holds>
size_t run_end(View text, size_t at, const Holds& holds) {
  while (at < text.size() && holds(text[at]))
    ++at;
  return at;
}

// The end of 's, 't, 're, 've, 'm, 'll or 'd at `at`, which is an apostrophe; `at` if none begins here. Without regard
// to case the long s is an s.
size_t contraction_end(View text, size_t at, bool any_case) {
  const auto letter = [&](size_t i) -> char32_t {
    if (i >= text.size()) return 0;
    const char32_t c = text[i];
    if (!any_case) return c;
    return c == U'\u017f' ? U's' : c >= 'A' && c <= 'Z' ? c | 0x20 : c;
  };
  const char32_t first = letter(at + 1), second = letter(at + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l'))
    return at + 3;
  return at;
}

// \s+(?!\S)|\s+ : blanks, but for the last one if something follows that could take it as its own.
size_t blanks_end(View text, size_t at) {
  const size_t end = run_end(text, at, is_blank);
  return end < text.size() && end - at > 1 ? end - 1 : end;
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
size_t gpt2_word_end(View text, size_t at) {
  if (text[at] == '\'') {
    if (const size_t end = contraction_end(text, at, false); end > at) return end;
  }
  const size_t start = text[at] == ' ' && at + 1 < text.size() ? at + 1 : at;
  const char32_t c = text[start];
  if (is(c, kLetter)) return run_end(text, start, [](char32_t d) { return is(d, kLetter); });
  if (is(c, kNumber)) return run_end(text, start, [](char32_t d) { return is(d, kNumber); });
  if (is_other(c)) return run_end(text, start, is_other);
  return blanks_end(text, at);
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
template <size_t kDigits>
size_t llama_word_end(View text, size_t at) {
  const char32_t c = text[at];
  if (c == '\'') {
    if (const size_t end = contraction_end(text, at, true); end > at) return end;
  }
  const auto is_letter = [](char32_t d) { return is(d, kLetter); };
  if (is_letter(c)) return run_end(text, at, is_letter);
  if (!is_line_end(c) && !is(c, kNumber) && at + 1 < text.size() && is_letter(text[at + 1])) {
    return run_end(text, at + 1, is_letter);
  }
  if (is(c, kNumber)) {
    const size_t end = run_end(text, at, [](char32_t d) { return is(d, kNumber); });
    return std::min(end, at + kDigits);
  }
  const size_t start = c == ' ' && at + 1 < text.size() ? at + 1 : at;
  if (is_other(text[start])) return run_end(text, run_end(text, start, is_other), is_line_end);
  const size_t end = run_end(text, at, is_blank);
  for (size_t last = end; last > at; --last) {
    if (is_line_end(text[last - 1])) return last;
  }
  return blanks_end(text, at);
}

// CLIP's: 's|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
size_t clip_word_end(View text, size_t at) {
  const char32_t c = text[at];
  if (c == '\'') {
    if (const size_t end = contraction_end(text, at, false); end > at) return end;
  }
  if (is(c, kLetter)) return run_end(text, at, [](char32_t d) { return is(d, kLetter); });
  if (is(c, kNumber)) return at + 1;
  return is_other(c) ? run_end(text, at, is_other) : at;
}

template <size_t (*kEnd)(View, size_t)>
void find_with(View text, std::vector<Match>& matches) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = kEnd(text, at);
    if (end > at) matches.push_back({at, end});
    at = std::max(end, at + 1);
  }
}

size_t blank_run_end(View text, size_t at) {
  return run_end(text, at, is_blank);
}
size_t spaces_end(View text, size_t at) {
  const size_t end = run_end(text, at, [](char32_t c) { return c == ' '; });
  return end - at >= 2 ? end : at;
}

struct KnownPattern {
  std::string_view expression;
  void (*find)(View, std::vector<Match>&);
};
constexpr KnownPattern kKnown[] = {
    {kGpt2Words, find_with<gpt2_word_end>},
    {kLlama3Words, find_with<llama_word_end<3>>},
    {kQwenWords, find_with<llama_word_end<1>>},
    {R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)", find_with<clip_word_end>},
    {R"(\s+)", find_with<blank_run_end>},
    {R"( {2,})", find_with<spaces_end>},
};

}  // namespace

void find_gpt2_words(View text, std::vector<Match>& matches) {
  find_with<gpt2_word_end>(text, matches);
}

FindMatches find_pattern(std::string_view expression) {
  for (const auto& known : kKnown) {
    if (known.expression == expression) return known.find;
  }
  return nullptr;
}

std::vector<std::string_view> known_patterns() {
  std::vector<std::string_view> all;
  for (const auto& known : kKnown)
    all.push_back(known.expression);
  return all;
}

FindMatches find_literal(std::u32string needle) {
  return [needle = std::move(needle)](View text, std::vector<Match>& matches) {
    for (size_t at = text.find(needle); at != View::npos; at = text.find(needle, at + needle.size()))
      matches.push_back({at, at + needle.size()});
  };
}

FindMatches find_each(bool (*is_kind)(char32_t)) {
  return [is_kind](View text, std::vector<Match>& matches) {
    for (size_t at = 0; at < text.size(); ++at) {
      if (is_kind(text[at])) matches.push_back({at, at + 1});
    }
  };
}

FindMatches find_runs(bool (*is_kind)(char32_t)) {
  return [is_kind](View text, std::vector<Match>& matches) {
    for (size_t at = 0; at < text.size(); ++at) {
      if (!is_kind(text[at])) continue;
      const size_t end = run_end(text, at, is_kind);
      matches.push_back({at, end});
      at = end;
    }
  };
}

}  // namespace graft::text
