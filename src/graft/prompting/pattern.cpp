#include "graft/prompting/pattern.h"

#include <fmt/format.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "graft/core/error.h"
#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

// Reads an expression of Python's from left to right and writes PCRE2's. Groups, repetitions and what is not here are
// the same in both, and what is wrong with them PCRE2 says.
class Translation {
 public:
  Translation(std::string_view expression, std::string_view where) : expression_(expression), where_(where) {}

  std::string run() {
    while (at_ < expression_.size()) {
      const char c = expression_[at_];
      if (c == '\\') {
        escape();
      } else if (c == '[') {
        if (in_class_ && at_ + 1 < expression_.size() && std::string_view(":.=").find(expression_[at_ + 1]) != kNone)
          refuse(fmt::format("[{} in a class is a letter to Python and a name to others", expression_[at_ + 1]));
        copy();
        if (!in_class_) open_class();
      } else if (c == ']' && in_class_) {
        in_class_ = false;
        copy();
      } else if (c == '(' && !in_class_) {
        group();
      } else if (c == '{' && !in_class_ && expression_.substr(at_ + 1, 1) == ",") {  // {,3} is {0,3}
        copy();
        written_ += '0';
      } else {
        copy();
      }
    }
    return std::move(written_);
  }

 private:
  static constexpr auto kNone = std::string_view::npos;

  [[noreturn]] void refuse(const std::string& reason) const {
    throw ConfigError(where_, "the expression '{}' is not read: {}.", expression_, reason);
  }
  void copy(std::size_t count = 1) {
    written_ += expression_.substr(at_, count);
    at_ += count;
  }
  void open_class() {
    in_class_ = true;
    if (at_ < expression_.size() && expression_[at_] == '^') copy();
    if (at_ < expression_.size() && expression_[at_] == ']') {  // the first is a letter
      written_ += '\\';
      copy();
    }
  }
  void escape() {
    if (at_ + 1 == expression_.size()) refuse("it has a backslash at its end");
    const char c = expression_[at_ + 1];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == 'Z') {
      written_ += "\\z";
    } else if (c == 's') {
      written_ += in_class_ ? "\\s\\x1c-\\x1f" : "[\\s\\x1c-\\x1f]";
    } else if (c == 'S' && !in_class_) {
      written_ += "[^\\s\\x1c-\\x1f]";
    } else if (c == 'u') {
      written_ += fmt::format("\\x{{{}}}", expression_.substr(at_ + 2, 4));
      at_ += std::min<std::size_t>(4, expression_.size() - at_ - 2);
    } else if (letter && std::string_view("dDwWSbBAntrfvax").find(c) == kNone) {
      refuse(fmt::format("\\{} is not Python's", c));
    } else {
      copy(2);
      return;
    }
    at_ += 2;
  }
  void group() {
    if (expression_.substr(at_, 2) != "(?") return copy();
    static constexpr std::array kForms = {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?P<", "(?P="};
    const auto rest = expression_.substr(at_);
    const bool flags = at_ == 0 && rest.find(')') != kNone && rest.find_first_not_of("ism", 2) == rest.find(')');
    if (!flags && std::ranges::none_of(kForms, [&](const char* form) { return rest.starts_with(form); }))
      refuse(fmt::format("{} is not Python's, or stands not at the beginning", rest.substr(0, 3)));
    copy(flags ? 2 : 3);
  }

  std::string_view expression_, where_;
  std::size_t at_ = 0;
  bool in_class_ = false;
  std::string written_;
};

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

struct Pattern::Code {
  std::string expression, where;
  std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code{nullptr, pcre2_code_free};
};

Pattern::Pattern(std::string_view expression, std::string_view where) {
  auto code = std::make_shared<Code>();
  code->expression = expression;
  code->where = where;
  const auto translated = Translation(expression, where).run();
  int error = 0;
  PCRE2_SIZE at = 0;
  code->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                 PCRE2_UTF | PCRE2_UCP, &error, &at, nullptr));
  if (!code->code) throw ConfigError(where, "the expression '{}' is not read: {}.", expression, message_of(error));
  code_ = std::move(code);
}

std::vector<std::vector<std::size_t>> Pattern::places(const std::string& text) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create_from_pattern(code_->code.get(), nullptr), pcre2_match_data_free);
  std::vector<std::vector<std::size_t>> all;
  std::uint32_t options = 0;
  for (std::size_t from = 0;;) {
    const int found = pcre2_match(code_->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                  options, data.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) return all;
    if (found < 0)
      throw DataError(code_->where, "the expression '{}' fails on a text of {} bytes: {}.", code_->expression,
                      text.size(), message_of(found));
    const auto* ends = pcre2_get_ovector_pointer(data.get());
    auto& place = all.emplace_back(ends, ends + 2 * std::size_t{pcre2_get_ovector_count(data.get())});
    from = place[1];
    options = place[0] == place[1] ? PCRE2_NOTEMPTY_ATSTART : 0;  // behind an empty match the next is not the same
  }
}

std::vector<std::vector<std::string>> Pattern::find_all(std::string_view given) const {
  const auto text = text::encode_utf8(text::decode_utf8(given));
  std::vector<std::vector<std::string>> all;
  for (const auto& place : places(text)) {
    auto& groups = all.emplace_back();
    for (std::size_t k = place.size() > 2 ? 2 : 0; k < place.size(); k += 2)
      groups.push_back(place[k] == PCRE2_UNSET ? "" : text.substr(place[k], place[k + 1] - place[k]));
  }
  return all;
}

std::string Pattern::removed_from(std::string_view given) const {
  const auto text = text::encode_utf8(text::decode_utf8(given));
  std::string left;
  std::size_t from = 0;
  for (const auto& place : places(text)) {
    left += text.substr(from, place[0] - from);
    from = place[1];
  }
  return left + text.substr(from);
}

}  // namespace graft::prompting
