#include "graft/text/tokenizer.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/text/given_text.h"

namespace graft::text {
namespace {

struct Lengths {
  int64_t text, pair;
};

// As `tokenizers` shares `room` between the two: the shorter keeps what it has as long as it is no more than half.
Lengths longest_first(Lengths length, int64_t room) {
  const bool text_is_longer = length.text > length.pair;
  int64_t shorter = std::min(length.text, length.pair);
  int64_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  return text_is_longer ? Lengths{longer, shorter} : Lengths{shorter, longer};
}

void append(Encoding& row, const std::vector<int32_t>& ids, int32_t type, bool special) {
  row.ids.insert(row.ids.end(), ids.begin(), ids.end());
  row.types.resize(row.ids.size(), type);
  row.special.resize(row.ids.size(), special);
}

}  // namespace

Encoding Tokenizer::encode(std::string_view text, std::optional<std::string_view> pair, int64_t max_length,
                           Truncation truncation) const {
  return encode(text, pair, max_length, truncation, Specials::kParsed);
}

Encoding Tokenizer::encode(std::string_view text, std::optional<std::string_view> pair, int64_t max_length,
                           Truncation truncation, Specials specials) const {
  using Kind = Frame::Part::Kind;
  const auto& parts = pair ? frame_.pair : frame_.single;
  if (pair && parts.empty()) throw DataError("tokenizer", "this model reads one text at a time, not pairs.");
  const int64_t around =
      std::count_if(parts.begin(), parts.end(), [](const auto& p) { return p.kind == Kind::kSpecial; });
  const int64_t room = max_length - around;
  if (room < 0) {
    throw ConfigError("tokenizer", "a length of {} tokens has no room for the {} special tokens: expected {} or more.",
                      max_length, around, around + 1);
  }
  std::vector<int32_t> first = encode(text, specials);
  std::vector<int32_t> second = pair ? encode(*pair, specials) : std::vector<int32_t>();
  const Lengths whole{std::ssize(first), std::ssize(second)};
  const int64_t excess = whole.text + whole.pair - room;
  Encoding row;
  if (excess > 0) {
    Lengths kept = whole;
    bool can_be_cut = truncation != Truncation::kRefuse;
    if (truncation == Truncation::kLongestFirst) {
      kept = pair ? longest_first(whole, room) : Lengths{room, 0};
    } else if (can_be_cut) {
      int64_t& target = truncation == Truncation::kOnlyFirst ? kept.text : kept.pair;
      target -= excess;
      can_be_cut = target > 0;
    }
    if (!can_be_cut) {
      throw DataError(
          "tokenizer", "{} has {} tokens with its special ones, the model reads {}. Shorten it, or let {} be cut.",
          quoted_start(text), whole.text + whole.pair + around, max_length, pair ? "the longer text" : "it");
    }
    const auto cut = [&](std::vector<int32_t>& ids, int64_t length) {
      if (frame_.cut_left)
        ids.erase(ids.begin(), ids.end() - length);
      else
        ids.resize(static_cast<size_t>(length));
    };
    cut(first, kept.text);
    cut(second, kept.pair);
    row.cut = whole.text - kept.text + whole.pair - kept.pair;
  }
  for (const auto& part : parts) {
    if (part.kind == Kind::kSpecial)
      append(row, {part.id}, part.type, true);
    else
      append(row, part.kind == Kind::kText ? first : second, part.type, false);
  }
  return row;
}

}  // namespace graft::text
