#include "graft/prompting/pattern.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "graft/prompting/pattern_compiler.h"
#include "graft/text/characters.h"
#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

using Kind = Pattern::Step::Kind;

// As CPython's str knows them: isdecimal, isspace, isalnum.
bool is_digit(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_ND;
}
bool is_blank(char32_t c) {
  return text::characters::is(c, text::characters::kWhiteSpace) || (c >= 0x1c && c <= 0x1f);
}
bool is_word(char32_t c) {
  return c == U'_' || text::characters::is(c, text::characters::kLetter | text::characters::kNumber);
}

char32_t folded(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

struct Thread {
  uint32_t step = 0;
  size_t begin = 0;
  std::vector<std::optional<size_t>> slots = {};
};

}  // namespace

Pattern::Pattern(std::string_view expression, std::string_view where) {
  auto compiled = compile_pattern(expression, where);
  steps_ = std::move(compiled.steps);
  sets_ = std::move(compiled.sets);
  groups_ = compiled.groups;
  ignores_case_ = compiled.flags.find(U'i') != std::u32string::npos;
  dot_takes_all_ = compiled.flags.find(U's') != std::u32string::npos;
  lines_ = compiled.flags.find(U'm') != std::u32string::npos;
}

bool Pattern::is_in(const Set& set, char32_t c) const {
  const auto in_ranges = [&](char32_t one) {
    return std::ranges::any_of(set.ranges,
                               [&](const auto& range) { return range.first <= one && one <= range.second; });
  };
  bool found = in_ranges(c);
  if (!found && ignores_case_)
    found = in_ranges(folded(c)) || in_ranges(static_cast<char32_t>(utf8proc_toupper(static_cast<int32_t>(c))));
  for (const char32_t kind : set.kinds) {
    const char32_t small = kind | 32;
    const bool is = small == U'd' ? is_digit(c) : small == U's' ? is_blank(c) : is_word(c);
    found = found || is == (kind == small);
  }
  return found != set.negated;
}

bool Pattern::holds(char32_t assertion, std::u32string_view text, size_t at) const {
  const size_t end = text.size();
  switch (assertion) {
    case U'A':
      return at == 0;
    case U'Z':
      return at == end;
    case U'^':
      return at == 0 || (lines_ && text[at - 1] == U'\n');
    case U'$':  // also before the line break that a text ends with
      return at == end || (at + 1 == end && text[at] == U'\n') || (lines_ && text[at] == U'\n');
    default: {
      const bool before = at > 0 && is_word(text[at - 1]), behind = at < end && is_word(text[at]);
      return (before != behind) == (assertion == U'b');
    }
  }
}

std::optional<Pattern::Place> Pattern::search(std::u32string_view text, size_t from, bool must_advance) const {
  std::vector<Thread> now, next;
  std::vector<size_t> met(steps_.size(), static_cast<size_t>(-1));  // the position at which a step was last entered
  std::vector<Thread> open;                                         // a stack: what is preferred lies on top
  const auto enter = [&](std::vector<Thread>& list, Thread thread, size_t at) {
    open.push_back(std::move(thread));
    while (!open.empty()) {
      Thread one = std::move(open.back());
      open.pop_back();
      if (std::exchange(met[one.step], at) == at) continue;
      const Step& step = steps_[one.step];
      if (step.kind == Kind::either) {
        Thread other = one;
        other.step = step.second;
        one.step = step.first;
        open.push_back(std::move(other));
        open.push_back(std::move(one));
      } else if (step.kind == Kind::go) {
        one.step = step.first;
        open.push_back(std::move(one));
      } else if (step.kind == Kind::save) {
        one.slots[step.first] = at;
        ++one.step;
        open.push_back(std::move(one));
      } else if (step.kind == Kind::assertion) {
        if (!holds(step.assertion, text, at)) continue;
        ++one.step;
        open.push_back(std::move(one));
      } else {
        list.push_back(std::move(one));
      }
    }
  };
  std::optional<Place> found;
  for (size_t at = from; at <= text.size(); ++at) {
    if (!found) enter(now, {0, at, std::vector<std::optional<size_t>>(2 * groups_)}, at);
    if (now.empty() && found) break;
    for (auto& thread : now) {
      const Step& step = steps_[thread.step];
      if (step.kind == Kind::match) {
        if (must_advance && at == from) continue;
        found = Place{thread.begin, at, std::move(thread.slots)};
        break;  // those behind are less preferred
      }
      if (at == text.size()) continue;
      const char32_t c = text[at];
      const bool takes = step.kind == Kind::any ? dot_takes_all_ || c != U'\n' : is_in(sets_[step.first], c);
      if (!takes) continue;
      ++thread.step;
      enter(next, std::move(thread), at + 1);
    }
    now.clear();
    std::swap(now, next);
  }
  return found;
}

std::vector<Pattern::Place> Pattern::places(std::u32string_view text) const {
  std::vector<Place> all;
  bool must_advance = false;  // behind an empty match the next one is not the same
  for (size_t from = 0; from <= text.size();) {
    const auto place = search(text, from, must_advance);
    if (!place) break;
    must_advance = place->begin == place->end;
    from = place->end;
    all.push_back(*place);
  }
  return all;
}

std::vector<std::vector<std::string>> Pattern::find_all(std::string_view text) const {
  const auto characters = text::decode_utf8(text);
  const auto cut = [&](size_t begin, size_t end) {
    return text::encode_utf8(std::u32string_view(characters).substr(begin, end - begin));
  };
  std::vector<std::vector<std::string>> all;
  for (const auto& place : places(characters)) {
    auto& groups = all.emplace_back();
    if (groups_ == 0) groups.push_back(cut(place.begin, place.end));
    for (size_t g = 0; g < groups_; ++g) {
      const auto begin = place.slots[2 * g], end = place.slots[2 * g + 1];
      groups.push_back(begin && end ? cut(*begin, *end) : "");
    }
  }
  return all;
}

std::string Pattern::removed_from(std::string_view text) const {
  const auto characters = text::decode_utf8(text);
  std::u32string left;
  size_t from = 0;
  for (const auto& place : places(characters)) {
    left += characters.substr(from, place.begin - from);
    from = place.end;
  }
  return text::encode_utf8(left + characters.substr(from));
}

}  // namespace graft::prompting
