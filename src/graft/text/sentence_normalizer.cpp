#include "graft/text/sentence_normalizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <utility>

#include "graft/text/utf8.h"

namespace graft::text {
namespace {

constexpr std::string_view kMark = "\u2581";

struct SentenceNormalizer {
  std::shared_ptr<const CharacterMap> map;  // null: characters stay
  PrefixIndex user_defined;
  bool prefix_blank, blank_behind, collapse, escape;

  struct Next {
    std::string_view text;  // what stands there now
    size_t length;          // bytes of the input
  };
  Next next(std::string_view input) const {
    if (const size_t whole = user_defined.longest(input); whole > 0) return {input.substr(0, whole), whole};
    if (const auto rule = map ? map->longest(input) : std::nullopt) return {rule->becomes, rule->length};
    const size_t length = std::min(utf8_length(input[0]), input.size());  // a rule may end within a character
    return {input.substr(0, length), length};
  }

  std::string normalized(std::string_view input) const {
    while (collapse && !input.empty()) {
      const Next first = next(input);
      if (first.text != " ") break;
      input.remove_prefix(first.length);
    }
    if (input.empty()) return {};
    const std::string_view blank = escape ? kMark : std::string_view(" ");
    std::string out;
    if (prefix_blank && !blank_behind) out += blank;
    bool after_blank = collapse;
    while (!input.empty()) {
      auto [text, length] = next(input);
      while (after_blank && text.starts_with(' '))
        text.remove_prefix(1);
      for (const char c : text)
        c == ' ' ? out += blank : out += c;
      if (!text.empty()) after_blank = collapse && text.ends_with(' ');
      input.remove_prefix(length);
    }
    while (collapse && out.ends_with(blank))
      out.resize(out.size() - blank.size());
    if (prefix_blank && blank_behind) out += blank;
    return out;
  }
};

// The ends of the clusters of characters that are one to a reader (Unicode's extended grapheme clusters).
std::vector<size_t> cluster_ends(std::u32string_view text) {
  std::vector<size_t> ends;
  utf8proc_int32_t state = 0;
  for (size_t i = 1; i <= text.size(); ++i) {
    if (i == text.size() || utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(text[i - 1]),
                                                             static_cast<utf8proc_int32_t>(text[i]), &state))
      ends.push_back(i);
  }
  return ends;
}

}  // namespace

TextStep sentence_normalizer(const SentencePieces& model, const std::string& file) {
  SentenceNormalizer normalizer{nullptr,
                                PrefixIndex(user_defined_pieces(model)),
                                model.prefix_blank,
                                model.blank_behind,
                                model.collapse_blanks,
                                model.escape_blanks};
  if (!model.character_map.empty()) normalizer.map = std::make_shared<CharacterMap>(model.character_map, file);
  return [normalizer = std::move(normalizer)](std::u32string text) {
    return decode_utf8(normalizer.normalized(encode_utf8(text)));
  };
}

TextStep precompiled_normalizer(std::shared_ptr<const CharacterMap> map) {
  return [map = std::move(map)](std::u32string text) {
    constexpr size_t kShort = 6;
    std::string out;
    const auto append = [&](std::string_view part) {
      const auto rule = map->shortest(part);
      if (rule) out += rule->becomes;
      return rule.has_value();
    };
    size_t begin = 0;
    for (const size_t end : cluster_ends(text)) {
      const std::string cluster = encode_utf8(std::u32string_view(text).substr(begin, end - begin));
      if (cluster.size() >= kShort || !append(cluster)) {
        for (size_t i = begin; i < end; ++i) {
          const std::string character = encode_utf8({&text[i], 1});
          if (!append(character)) out += character;
        }
      }
      begin = end;
    }
    return decode_utf8(out);
  };
}

}  // namespace graft::text
