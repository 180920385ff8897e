// sentencepiece's tokenisers (Kudo and Richardson 2018, arXiv:1808.06226): pieces with scores, and rules for blanks.
// A tokenizer.model says all of it; a GGUF carries the same pieces (gguf_vocabulary.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graft/text/pipeline_tokenizer.h"
#include "graft/text/prefix_index.h"

namespace graft::text {

// As sentencepiece_model.proto numbers them, and GGUF's tokenizer.ggml.token_type.
enum class PieceKind : uint8_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

inline bool may_be_text(PieceKind kind) {
  return kind == PieceKind::kNormal || kind == PieceKind::kUserDefined || kind == PieceKind::kUnused;
}

struct SentencePieces {
  enum class Model { kUnigram, kBytePairs } model = Model::kUnigram;
  std::vector<std::string> pieces;  // [id], a blank written as "\u2581"
  std::vector<float> scores;        // [id]
  std::vector<PieceKind> kinds;     // [id]
  bool byte_fallback = false;       // what no piece spells becomes the tokens of its bytes

  bool prefix_blank = true;     // a blank before the text, or behind it:
  bool blank_behind = false;    // treat_whitespace_as_suffix
  bool collapse_blanks = true;  // several are one, none at either end (remove_extra_whitespaces)
  bool escape_blanks = true;    // a blank is the piece's character U+2581
  std::string character_map;    // precompiled_charsmap; empty: characters stay what they are

  // Ids; those that are named stand around a text only where the two flags say so.
  std::optional<int32_t> unknown, bos, eos, pad;
  bool adds_bos = false, adds_eos = false;
};

std::vector<PrefixIndex::Entry> user_defined_pieces(const SentencePieces& model);

// The parts of its tokeniser. Control pieces are special tokens. A text between special tokens is normalised by itself,
// with its own blank before it. `file` is for errors: pieces that are double or empty, lists of several lengths, ids
// that no piece has, are ModelErrors.
Pipeline pipeline_of(SentencePieces model, const std::string& file);

// Of a tokenizer.model's bytes, a ModelProto. The flags `adds_...` are not in the file: false. What is not understood
// (word and character models, a denormaliser) is a ModelError, bytes that are no such message a FileError.
SentencePieces read_sentence_pieces(std::string_view bytes, const std::string& file);

}  // namespace graft::text
