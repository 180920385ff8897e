#include "graft/text/llama2c_vocabulary.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "graft/text/byte_tokens.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

template <class Number>
bool take(std::string_view& bytes, Number& number) {
  if (bytes.size() < sizeof number) return false;
  std::memcpy(&number, bytes.data(), sizeof number);
  bytes.remove_prefix(sizeof number);
  return true;
}

}  // namespace

std::optional<SentencePieces> read_llama2c_vocabulary(std::string_view bytes) {
  constexpr size_t kUnknown = 0, kBegin = 1, kEnd = 2, kFirstByte = 3, kBytes = 256;
  SentencePieces model;
  model.model = SentencePieces::Model::kBytePairs;
  model.byte_fallback = true;
  model.collapse_blanks = false;
  model.adds_bos = true;
  int32_t longest = 0;
  if (!take(bytes, longest)) return std::nullopt;
  while (!bytes.empty()) {
    float score = 0;
    int32_t length = 0;
    if (!take(bytes, score) || !take(bytes, length)) return std::nullopt;
    if (length < 1 || length > longest || static_cast<size_t>(length) > bytes.size()) return std::nullopt;
    std::u32string piece = decode_utf8(bytes.substr(0, static_cast<size_t>(length)));
    bytes.remove_prefix(static_cast<size_t>(length));
    std::replace(piece.begin(), piece.end(), U' ', U'\u2581');
    const size_t id = model.pieces.size();
    model.pieces.push_back(id == kBegin ? "<s>" : id == kEnd ? "</s>" : encode_utf8(piece));
    model.scores.push_back(score);
    model.kinds.push_back(id == kUnknown                       ? PieceKind::kUnknown
                          : id == kBegin || id == kEnd         ? PieceKind::kControl
                          : byte_of_token(model.pieces.back()) ? PieceKind::kByte
                                                               : PieceKind::kNormal);
  }
  if (model.pieces.size() < kFirstByte + kBytes) return std::nullopt;
  for (size_t id = kFirstByte; id < kFirstByte + kBytes; ++id) {
    if (model.kinds[id] != PieceKind::kByte) return std::nullopt;
  }
  model.unknown = 0;
  model.bos = 1;
  model.eos = 2;
  return model;
}

}  // namespace graft::text
