#include "graft/text/pre_tokenizer.h"

#include <utility>

#include "graft/core/error.h"
#include "graft/text/byte_alphabet.h"
#include "graft/text/characters.h"
#include "graft/text/split_patterns.h"
#include "graft/text/tokenizer_component.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

using characters::is;
using enum characters::Class;
using io::JsonObject;
using Steps = std::vector<PieceStep>;

bool is_white(char32_t c) {
  return is(c, kWhiteSpace);
}
bool is_punctuation_mark(char32_t c) {
  return is(c, kPunctuation);
}
bool is_digit(char32_t c) {
  return is(c, kNumeric);
}

// \w+|[^\w\s]+
void find_words_and_marks(std::u32string_view text, std::vector<Match>& matches) {
  const auto kind = [&](size_t i) { return is(text[i], kWord) ? 1 : is(text[i], kWhiteSpace) ? 0 : 2; };
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (end < text.size() && kind(end) == kind(at))
      ++end;
    if (kind(at) != 0) matches.push_back({at, end});
    at = end;
  }
}

void append_byte_letters(std::u32string_view piece, std::u32string& text) {
  const auto& alphabet = ByteAlphabet::get();
  for (const char32_t c : piece) {
    if (c < 0x80) {
      text += alphabet.letters[c];
      continue;
    }
    for (const char byte : encode_utf8({&c, 1}))
      text += alphabet.letters[static_cast<unsigned char>(byte)];
  }
}

Steps byte_level_steps(const JsonObject& json) {
  Steps steps;
  if (json.get("add_prefix_space", true)) {
    steps.push_back(rewrite_step([](std::u32string_view piece, std::u32string& text) {
      if (!piece.starts_with(U' ')) text += U' ';
      text += piece;
    }));
  }
  if (json.get("use_regex", true)) steps.push_back(split_step(find_gpt2_words, Matched::kIsolated));
  steps.push_back(byte_letters_step());
  json.ignore({"trim_offsets"});
  return steps;
}

Matched read_behavior(const JsonObject& json, const char* fallback) {
  static const std::pair<std::string_view, Matched> kBehaviors[] = {{"Removed", Matched::kRemoved},
                                                                    {"Isolated", Matched::kIsolated},
                                                                    {"MergedWithPrevious", Matched::kWithPrevious},
                                                                    {"MergedWithNext", Matched::kWithNext},
                                                                    {"Contiguous", Matched::kContiguous}};
  const auto name = json.get("behavior", std::string(fallback));
  for (const auto& [known, matched] : kBehaviors) {
    if (name == known) return matched;
  }
  throw ModelError("tokenizer",
                   "{}: {} is '{}': expected Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous.",
                   json.file(), json.name_of("behavior"), name);
}

Steps metaspace_steps(const Metaspace& settings) {
  Steps steps;
  steps.push_back([settings](Pieces& pieces) {
    const bool begins = pieces.begins && !pieces.spans.empty() && pieces.spans[0].begin == 0;
    bool first = true;
    rewrite_step([&](std::u32string_view piece, std::u32string& text) {
      const bool marked = piece.starts_with(settings.mark) || piece.starts_with(U' ');
      const bool here = settings.where == Metaspace::Where::kAlways ||
                        (settings.where == Metaspace::Where::kFirst && begins && first);
      first = false;
      if (here && !marked) text += settings.mark;
      for (const char32_t c : piece)
        text += c == U' ' ? settings.mark : c;
    })(pieces);
  });
  if (settings.split) {
    steps.push_back(split_step(find_literal(std::u32string(1, settings.mark)), Matched::kWithNext));
  }
  return steps;
}

}  // namespace

PieceStep byte_letters_step() {
  return rewrite_step(append_byte_letters);
}

PieceStep digits_step() {
  return split_step(find_each(is_digit), Matched::kIsolated);
}

Steps read_pre_tokenizer(const JsonObject& json) {
  const auto type = json.need<std::string>("type");
  Steps steps;
  if (type == "BertPreTokenizer") {
    steps.push_back(split_step(find_each(is_white), Matched::kRemoved));
    steps.push_back(split_step(find_each(is_punctuation_mark), Matched::kIsolated));
  } else if (type == "WhitespaceSplit") {
    steps.push_back(split_step(find_each(is_white), Matched::kRemoved));
  } else if (type == "Whitespace") {
    steps.push_back(split_step(find_words_and_marks, Matched::kRemoved, /*inverted=*/true));
  } else if (type == "ByteLevel") {
    steps = byte_level_steps(json);
  } else if (type == "Metaspace") {
    steps = metaspace_steps(read_metaspace(json));
  } else if (type == "Punctuation") {
    steps.push_back(split_step(find_each(is_punctuation_mark), read_behavior(json, "Isolated")));
  } else if (type == "Digits") {
    const bool each = json.get("individual_digits", false);
    steps.push_back(split_step(find_each(is_digit), each ? Matched::kIsolated : Matched::kContiguous));
  } else if (type == "CharDelimiterSplit") {
    steps.push_back(split_step(find_literal(std::u32string(1, read_character(json, "delimiter"))), Matched::kRemoved));
  } else if (type == "Split") {
    steps.push_back(split_step(read_pattern(json), read_behavior(json, "Isolated"), json.get("invert", false)));
  } else if (type == "Sequence") {
    for (const auto& each : json.objects("pretokenizers")) {
      for (auto& step : read_pre_tokenizer(each))
        steps.push_back(std::move(step));
    }
  } else {
    refuse_component(
        json, "pre-tokenizer", type,
        "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, Metaspace, Punctuation, Sequence, Split, "
        "Whitespace, WhitespaceSplit");
  }
  json.refuse_unread("tokenizer", kUnknownSetting);
  return steps;
}

}  // namespace graft::text
