#include "graft/text/clip_tokenizer.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/text/byte_pairs.h"
#include "graft/text/clip_vocabulary.h"
#include "graft/text/given_text.h"
#include "graft/text/html_entities.h"
#include "graft/text/repair.h"
#include "graft/text/unicode.h"
#include "graft/text/utf8.h"
#include "graft/text/word_cache.h"
#include "graft/text/word_splitter.h"

namespace graft::text {
namespace {

constexpr size_t kMerges = 49152 - 256 - 2;  // the file has 262,144 lines, the vocabulary ends here

std::u32string clean(std::string_view text) {
  return lower_case(collapse_white_space(unescape_html(unescape_html(repair(decoded(text))))));
}

}  // namespace

struct ClipTokenizer::State {
  State(std::string_view merges, std::string_view json)
      : pairs(merges, kMerges),
        vocabulary(json.empty() ? ClipVocabulary::openai(pairs) : ClipVocabulary::from_json(json, pairs)) {}

  void append(std::u32string_view word, std::vector<int32_t>& ids) const {
    if (word == kStartMarker) return ids.push_back(vocabulary.start);
    if (word == kEndMarker) return ids.push_back(vocabulary.end);
    const std::string bytes = encode_utf8(word);
    cache.append(bytes, ids, [this](std::string_view bytes, std::vector<int32_t>& ids) { append_pairs(bytes, ids); });
  }

  void append_pairs(std::string_view bytes, std::vector<int32_t>& ids) const {
    const size_t before = ids.size();
    pairs.encode(bytes, ids);
    for (size_t i = before; i < ids.size(); ++i)
      ids[i] = vocabulary.ids[static_cast<size_t>(ids[i])];
  }

  BytePairs pairs;
  ClipVocabulary vocabulary;
  mutable WordCache cache;
};

ClipTokenizer::ClipTokenizer(std::string_view merges, std::string_view vocabulary_json)
    : state_(std::make_unique<State>(merges, vocabulary_json)) {
  using Kind = Frame::Part::Kind;
  frame_.single = {{Kind::kSpecial, 0, start()}, {Kind::kText, 0, 0}, {Kind::kSpecial, 0, end()}};
  special_ = {{"bos_token", start()}, {"eos_token", end()}};
}
ClipTokenizer::~ClipTokenizer() = default;
ClipTokenizer::ClipTokenizer(ClipTokenizer&&) noexcept = default;

const ClipTokenizer& ClipTokenizer::shared() {
  static const ClipTokenizer tokenizer(embedded_merges());
  return tokenizer;
}

std::vector<int32_t> ClipTokenizer::encode(std::string_view text, Specials specials, bool /*begins*/) const {
  const std::u32string cleaned = clean(text);
  const bool markers = specials == Specials::kParsed;
  std::vector<int32_t> ids;
  for (Word word = next_word(cleaned, 0, markers); word.length != 0;
       word = next_word(cleaned, word.begin + word.length, markers)) {
    state_->append(std::u32string_view(cleaned).substr(word.begin, word.length), ids);
  }
  return ids;
}

Tokens ClipTokenizer::tokenize(std::string_view text, int context_length, bool truncate) const {
  GRAFT_ASSERT(context_length >= 2);
  Tokens tokens{encode(text), 0, false};
  std::vector<int32_t>& ids = tokens.ids;
  ids.insert(ids.begin(), start());
  ids.push_back(end());
  const auto limit = static_cast<size_t>(context_length);
  if (ids.size() > limit) {
    if (!truncate) {
      throw DataError("tokenizer",
                      "{} has {} tokens with start and end, the model reads {}. Shorten it, or cut it with --truncate.",
                      quoted_start(text), ids.size(), limit);
    }
    tokens.cut = true;
    ids.resize(limit);
    ids.back() = end();
  }
  tokens.end = static_cast<int>(std::find(ids.begin(), ids.end(), end()) - ids.begin());
  return tokens;
}

std::string ClipTokenizer::decode(std::span<const int32_t> ids) const {
  std::string bytes;
  for (const int32_t id : ids) {
    const int32_t token = id >= 0 && id < vocabulary_size() ? state_->vocabulary.tokens[static_cast<size_t>(id)] : -1;
    if (id == start())
      bytes += encode_utf8(kStartMarker);
    else if (id == end())
      bytes += encode_utf8(kEndMarker);
    else if (token >= 0)
      bytes += state_->pairs.bytes(token);
    else
      throw DataError("tokenizer", "no token has the id {}: expected 0 to {}.", id, vocabulary_size() - 1);
  }
  const std::string text = encode_utf8(decode_utf8(bytes));
  constexpr std::string_view kWordEnd = "</w>";
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t word_end = std::min(text.find(kWordEnd, begin), text.size());
    out.append(text, begin, word_end - begin);
    if (word_end < text.size()) out += ' ';
    begin = word_end + kWordEnd.size();
  }
  return out;
}

bool ClipTokenizer::operator==(const ClipTokenizer& other) const {
  const auto& mine = state_->vocabulary;
  const auto& theirs = other.state_->vocabulary;
  return mine.ids == theirs.ids && mine.start == theirs.start && mine.end == theirs.end &&
         state_->pairs == other.state_->pairs;
}

std::string ClipTokenizer::spelling(int32_t id) const {
  return decode({&id, 1});
}

std::optional<int32_t> ClipTokenizer::id_of(std::string_view spelling) const {
  for (int32_t id = 0; id < vocabulary_size(); ++id) {
    if (this->spelling(id) == spelling) return id;
  }
  return std::nullopt;
}

int32_t ClipTokenizer::start() const {
  return state_->vocabulary.start;
}
int32_t ClipTokenizer::end() const {
  return state_->vocabulary.end;
}
int ClipTokenizer::vocabulary_size() const {
  return static_cast<int>(state_->vocabulary.tokens.size());
}

}  // namespace graft::text
