#include "graft/text/word_piece.h"

#include <algorithm>
#include <utility>

#include "graft/core/error.h"

namespace graft::text {
namespace {

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

}  // namespace

WordPiece::WordPiece(Vocabulary pieces, Settings settings)
    : WordModel(std::move(pieces)), settings_(std::move(settings)) {
  const auto unknown = vocabulary().find(settings_.unknown);
  if (!unknown) {
    throw ModelError("tokenizer", "the vocabulary lacks the unknown token '{}'. Is it of this model?",
                     settings_.unknown);
  }
  unknown_ = *unknown;
}

void WordPiece::encode(std::string_view word, std::vector<int32_t>& ids) const {
  const size_t before = ids.size();
  bool known = std::count_if(word.begin(), word.end(), begins_character) <= settings_.longest_word;
  std::string inside = settings_.prefix;  // and the rest of the word behind it
  for (size_t begin = 0; known && begin < word.size();) {
    size_t prefix = 0;
    std::string_view rest = word;
    if (begin > 0) {
      prefix = settings_.prefix.size();
      inside.resize(prefix);
      inside += word.substr(begin);
      rest = inside;
    }
    size_t end = std::min(rest.size(), vocabulary().longest());
    while (end < rest.size() && end > prefix && !begins_character(rest[end]))
      --end;
    std::optional<int32_t> found;
    while (end > prefix && !(found = vocabulary().find(rest.substr(0, end)))) {
      do {
        --end;
      } while (end > prefix && !begins_character(rest[end]));
    }
    known = found.has_value();
    if (known) ids.push_back(*found);
    begin += end - std::min(end, prefix);
  }
  if (known) return;
  ids.resize(before);
  ids.push_back(unknown_);
}

}  // namespace graft::text
