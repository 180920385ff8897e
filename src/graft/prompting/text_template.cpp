#include "graft/prompting/text_template.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/printable.h"
#include "graft/text/text_file.h"
#include "graft/text/unicode.h"
#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

const std::vector<std::string> kFilters = {"trim", "lower", "upper"};

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string filtered(const std::string& text, const std::string& filter) {
  if (filter == "trim") return std::string(text::trimmed(text));
  const auto characters = text::decode_utf8(text);
  return text::encode_utf8(filter == "lower" ? text::lower_case(characters) : text::upper_case(characters));
}

}  // namespace

TextTemplate::TextTemplate(std::string_view text, std::string_view where) : written_(text) {
  const auto refuse = [&](std::string_view what, std::string_view why) {
    throw ConfigError(where, "'{}': {}. graft reads {{{{field}}}} and {{{{field|trim}}}}, |lower, |upper.",
                      printable(what), why);
  };
  for (const std::string_view construct : {"{%", "{#"}) {
    if (const size_t at = text.find(construct); at != std::string_view::npos)
      refuse(text.substr(at, 30), construct == "{%" ? "a statement of Jinja's" : "a comment of Jinja's");
  }
  size_t from = 0;
  for (size_t at; (at = text.find("{{", from)) != std::string_view::npos;) {
    if (at > from) pieces_.push_back({std::string(text.substr(from, at - from))});
    const size_t end = text.find("}}", at);
    if (end == std::string_view::npos) refuse(text.substr(at, 30), "a {{ without }}");
    const auto inside = text.substr(at + 2, end - at - 2);
    Piece piece{"", true};
    size_t begin = 0;
    for (bool first = true; begin <= inside.size(); first = false) {
      const size_t bar = std::min(inside.find('|', begin), inside.size());
      const std::string word(text::trimmed(inside.substr(begin, bar - begin)));
      begin = bar + 1;
      if (first) {
        if (!is_name(word)) refuse(inside, "an expression of Jinja's");
        piece.text = word;
      } else if (std::ranges::find(kFilters, word) == kFilters.end()) {
        throw ConfigError(where, "{}", unknown_name("filter", word, kFilters));
      } else {
        piece.filters.push_back(word);
      }
    }
    pieces_.push_back(std::move(piece));
    from = end + 2;
  }
  if (from < text.size()) pieces_.push_back({std::string(text.substr(from))});
}

std::string TextTemplate::with(const Item& item, const std::function<std::string(const std::string&)>& value) const {
  if (item.fields.count(written_) > 0) return value(written_);
  std::string made;
  for (const auto& piece : pieces_) {
    std::string one = piece.is_field ? value(piece.text) : piece.text;
    for (const auto& filter : piece.filters)
      one = filtered(one, filter);
    made += one;
  }
  return made;
}

std::string TextTemplate::of(const Item& item) const {
  return with(item, [&](const std::string& name) { return item.field(name); });
}

}  // namespace graft::prompting
