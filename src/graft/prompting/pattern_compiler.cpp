#include "graft/prompting/pattern_compiler.h"

#include <algorithm>
#include <optional>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/text/given_text.h"
#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

constexpr size_t kMostSteps = 20'000;  // counted repetition copies what it repeats
constexpr int kDeepest = 100;
constexpr uint32_t kMostRepeats = 1000;
constexpr uint32_t kWithoutEnd = 0xffffffff;

using Kind = Pattern::Step::Kind;

// A piece of the machine with places of its own, from 0: whoever puts it somewhere moves them.
using Piece = std::vector<Pattern::Step>;

void append(Piece& all, const Piece& piece) {
  const auto moved = static_cast<uint32_t>(all.size());
  for (auto step : piece) {
    if (step.kind == Kind::either || step.kind == Kind::go) {
      step.first += moved;
      step.second += moved;
    }
    all.push_back(step);
  }
}

class Compiler {
 public:
  Compiler(std::string_view expression, std::string_view where)
      : written_(expression), where_(where), text_(text::decoded(expression)) {}

  CompiledPattern compile() {
    read_flags();
    Piece all = alternatives(0);
    if (at_ < text_.size()) refuse("an unmatched )");
    all.push_back({Kind::match});
    out_.steps = std::move(all);
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw ConfigError(where_, "the expression '{}' holds {}, which graft does not read.", printable(written_), what);
  }
  bool more() const { return at_ < text_.size(); }
  bool take(char32_t c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  char32_t next(std::string_view missing) {
    if (!more()) refuse(missing);
    return text_[at_++];
  }

  void read_flags() {
    if (text_.size() < 3 || text_[0] != U'(' || text_[1] != U'?') return;
    const size_t end = text_.find(U')');
    if (end == std::u32string::npos) return;
    const auto flags = text_.substr(2, end - 2);
    if (flags.empty() || flags.find_first_not_of(U"ims") != std::u32string::npos) return;
    out_.flags = flags;
    at_ = end + 1;
  }

  Piece alternatives(int depth) {
    if (depth > kDeepest) refuse("groups within groups without end");
    Piece left = sequence(depth);
    if (!take(U'|')) return left;
    const Piece right = alternatives(depth + 1);
    Piece all;
    const auto size = static_cast<uint32_t>(left.size());
    all.push_back({Kind::either, 1, size + 2});
    append(all, left);
    all.push_back({Kind::go, size + 2 + static_cast<uint32_t>(right.size()), 0});
    append(all, right);
    return all;
  }

  Piece sequence(int depth) {
    Piece all;
    while (more() && text_[at_] != U'|' && text_[at_] != U')') {
      Piece one = single(depth);
      append(all, repeated(std::move(one)));
      if (all.size() > kMostSteps) refuse("more repetition than a machine of 20,000 steps follows");
    }
    return all;
  }

  Piece single(int depth) {
    const char32_t c = text_[at_++];
    switch (c) {
      case U'(':
        return group(depth);
      case U'[':
        return one_of(char_class());
      case U'.':
        return {{Kind::any}};
      case U'^':
      case U'$':
        return {{Kind::assertion, 0, 0, c}};
      case U'\\':
        return escaped();
      case U'*':
      case U'+':
      case U'?':
        refuse("a repetition of nothing");
      default:
        return one_of({{{c, c}}});
    }
  }

  Piece one_of(Pattern::Set set) {
    out_.sets.push_back(std::move(set));
    return {{Kind::one_of, static_cast<uint32_t>(out_.sets.size() - 1)}};
  }

  Piece group(int depth) {
    bool kept = true;
    if (take(U'?')) {
      if (take(U':')) {
        kept = false;
      } else if (text_.substr(at_, 2) == U"P<") {  // a name changes nothing of what is found
        const size_t end = text_.find(U'>', at_);
        if (end == std::u32string::npos) refuse("a name without >");
        at_ = end + 1;
      } else {
        refuse("(?" + (more() ? text::encode_utf8(text_.substr(at_, 1)) : "") + "...)");
      }
    }
    const auto slot = static_cast<uint32_t>(2 * out_.groups);
    if (kept) ++out_.groups;
    const Piece inside = alternatives(depth + 1);
    if (!take(U')')) refuse("a ( without )");
    if (!kept) return inside;
    Piece all{{Kind::save, slot}};
    append(all, inside);
    all.push_back({Kind::save, slot + 1});
    return all;
  }

  // --- after a backslash
  Piece escaped() {
    const char32_t c = next("a backslash at its end");
    if (std::u32string_view(U"bBAZ").find(c) != std::u32string_view::npos) return {{Kind::assertion, 0, 0, c}};
    if (is_kind(c)) return one_of({{}, {c}});
    const char32_t one = escaped_character(c);
    return one_of({{{one, one}}});
  }
  static bool is_kind(char32_t c) { return std::u32string_view(U"dDwWsS").find(c) != std::u32string_view::npos; }

  char32_t escaped_character(char32_t c) {
    static constexpr std::u32string_view kLetters = U"ntrfva";
    static constexpr std::u32string_view kMeant = U"\n\t\r\f\v\a";
    if (const size_t known = kLetters.find(c); known != std::u32string_view::npos) return kMeant[known];
    if (c == U'x') return hexadecimal(2);
    if (c == U'u') return hexadecimal(4);
    const bool letter = (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || (c >= U'0' && c <= U'9');
    if (letter) refuse("\\" + text::encode_utf8(std::u32string(1, c)));
    return c;
  }
  char32_t hexadecimal(int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const char32_t c = next("an unfinished \\x or \\u");
      const char32_t low = c | 32;
      if (c >= U'0' && c <= U'9') {
        value = value * 16 + (c - U'0');
      } else if (low >= U'a' && low <= U'f') {
        value = value * 16 + (low - U'a' + 10);
      } else {
        refuse("an unfinished \\x or \\u");
      }
    }
    return value;
  }

  Pattern::Set char_class() {
    Pattern::Set set;
    set.negated = take(U'^');
    for (bool first = true;; first = false) {
      char32_t low = next("a [ without ]");
      if (low == U']' && !first) return set;
      if (low == U'\\') {
        const char32_t c = next("a backslash at its end");
        if (is_kind(c)) {
          set.kinds += c;
          continue;
        }
        low = c == U'b' ? U'\b' : escaped_character(c);
      }
      char32_t high = low;
      if (at_ + 1 < text_.size() && text_[at_] == U'-' && text_[at_ + 1] != U']') {
        ++at_;
        high = next("a [ without ]");
        if (high == U'\\') {
          const char32_t c = next("a backslash at its end");
          if (is_kind(c)) refuse("a range that ends in a class");
          high = escaped_character(c);
        }
        if (high < low) refuse("a range that runs backwards");
      }
      set.ranges.emplace_back(low, high);
    }
  }

  // --- how often
  struct Count {
    uint32_t low = 1, high = 1;
  };
  std::optional<Count> count() {
    if (take(U'*')) return Count{0, kWithoutEnd};
    if (take(U'+')) return Count{1, kWithoutEnd};
    if (take(U'?')) return Count{0, 1};
    if (!more() || text_[at_] != U'{') return {};
    const size_t start = at_++;
    const auto low = number();
    std::optional<uint32_t> high = low;
    const bool comma = take(U',');
    if (comma) high = number();
    if (!take(U'}') || (!low && !high)) {
      at_ = start;  // as Python: braces that count nothing are themselves
      return {};
    }
    const Count counted{low.value_or(0), high.value_or(kWithoutEnd)};
    if (counted.low > kMostRepeats || (counted.high != kWithoutEnd && counted.high > kMostRepeats))
      refuse("a repetition of more than 1,000");
    if (counted.high < counted.low) refuse("a repetition that counts backwards");
    return counted;
  }
  std::optional<uint32_t> number() {
    std::optional<uint32_t> value;
    while (more() && text_[at_] >= U'0' && text_[at_] <= U'9')
      value = std::min<uint32_t>(kMostRepeats + 1, value.value_or(0) * 10 + (text_[at_++] - U'0'));
    return value;
  }

  Piece repeated(Piece one) {
    const auto often = count();
    if (!often) return one;  // a brace that counts nothing is the next letter
    const bool lazy = take(U'?');
    if (more() && text_[at_] == U'+') refuse("a repetition that gives nothing back");
    if (more() && (text_[at_] == U'*' || text_[at_] == U'?')) refuse("a repetition of a repetition");
    Piece all;
    for (uint32_t i = 0; i < often->low; ++i) {
      append(all, one);
      if (all.size() > kMostSteps) refuse("more repetition than a machine of 20,000 steps follows");
    }
    if (often->high == kWithoutEnd) {
      append(all, looped(one, lazy));
      return all;
    }
    Piece rest;  // (one (one ...)?)?
    for (uint32_t i = often->low; i < often->high; ++i) {
      Piece inner = one;
      append(inner, rest);
      rest = optional(inner, lazy);
      if (rest.size() > kMostSteps) refuse("more repetition than a machine of 20,000 steps follows");
    }
    append(all, rest);
    return all;
  }
  static Piece optional(const Piece& one, bool lazy) {
    const auto end = static_cast<uint32_t>(one.size() + 1);
    Piece all{lazy ? Pattern::Step{Kind::either, end, 1} : Pattern::Step{Kind::either, 1, end}};
    append(all, one);
    return all;
  }
  static Piece looped(const Piece& one, bool lazy) {
    const auto end = static_cast<uint32_t>(one.size() + 2);
    Piece all{lazy ? Pattern::Step{Kind::either, end, 1} : Pattern::Step{Kind::either, 1, end}};
    append(all, one);
    all.push_back({Kind::go, 0});
    return all;
  }

  std::string written_, where_;
  std::u32string text_;
  size_t at_ = 0;
  CompiledPattern out_;
};

}  // namespace

CompiledPattern compile_pattern(std::string_view expression, std::string_view where) {
  return Compiler(expression, where).compile();
}

}  // namespace graft::prompting
