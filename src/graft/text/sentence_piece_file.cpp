#include <algorithm>
#include <span>

#include "graft/core/error.h"
#include "graft/io/protobuf.h"
#include "graft/text/sentence_pieces.h"

namespace graft::text {
namespace {

using io::ProtobufMessage;

// The field numbers of sentencepiece_model.proto, as far as they say how text becomes pieces.
enum ModelField { kPieces = 1, kTrainerSpec = 2, kNormalizerSpec = 3, kDenormalizerSpec = 5 };
enum PieceField { kPiece = 1, kScore = 2, kType = 3 };
enum TrainerField {
  kModelType = 3,
  kBlankBehind = 24,
  kByteFallback = 35,
  kUnkPiece = 45,
  kBosPiece = 46,
  kEosPiece = 47,
  kPadPiece = 48,
};
enum NormalizerField { kCharacterMap = 2, kPrefixBlank = 3, kCollapse = 4, kEscape = 5 };
enum ModelType { kUnigram = 1, kBytePairs = 2 };

std::string as_string(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& file)
      : message_(std::as_bytes(std::span(bytes)), "ModelProto", file), file_(file) {}

  SentencePieces read() {
    while (message_.next()) {
      switch (message_.field()) {
        case kPieces:
          read_piece(message_.message("SentencePiece"));
          break;
        case kTrainerSpec:
          read_trainer(message_.message("TrainerSpec"));
          break;
        case kNormalizerSpec:
          read_normalizer(message_.message("NormalizerSpec"));
          break;
        case kDenormalizerSpec:
          read_denormalizer(message_.message("NormalizerSpec"));
          break;
        default:  // samples for a test of its own, and extensions
          break;
      }
    }
    model_.unknown = id_of(unknown_, PieceKind::kUnknown);
    model_.bos = id_of(bos_, PieceKind::kControl);
    model_.eos = id_of(eos_, PieceKind::kControl);
    model_.pad = id_of(pad_, PieceKind::kControl);
    return std::move(model_);
  }

 private:
  void read_piece(ProtobufMessage piece) {
    std::string text;
    float score = 0;
    int64_t kind = 1;
    while (piece.next()) {
      if (piece.field() == kPiece) text = piece.text();
      if (piece.field() == kScore) score = piece.real();
      if (piece.field() == kType) kind = piece.integer();
    }
    if (kind < 1 || kind > static_cast<int64_t>(PieceKind::kByte)) {
      throw ModelError("tokenizer", "{}: the piece '{}' is of the type {}: expected 1 to 6.", file_, text, kind);
    }
    model_.pieces.push_back(std::move(text));
    model_.scores.push_back(score);
    model_.kinds.push_back(static_cast<PieceKind>(kind));
  }

  void read_trainer(ProtobufMessage trainer) {
    while (trainer.next()) {
      switch (trainer.field()) {
        case kModelType: {
          const auto type = trainer.integer();
          if (type != kUnigram && type != kBytePairs) {
            throw ModelError("tokenizer", "{}: a sentencepiece model of the type {}: expected 1 (unigram) or 2 (bpe).",
                             file_, type);
          }
          model_.model = type == kUnigram ? SentencePieces::Model::kUnigram : SentencePieces::Model::kBytePairs;
          break;
        }
        case kBlankBehind:
          model_.blank_behind = trainer.integer() != 0;
          break;
        case kByteFallback:
          model_.byte_fallback = trainer.integer() != 0;
          break;
        case kUnkPiece:
          unknown_ = trainer.text();
          break;
        case kBosPiece:
          bos_ = trainer.text();
          break;
        case kEosPiece:
          eos_ = trainer.text();
          break;
        case kPadPiece:
          pad_ = trainer.text();
          break;
        default:  // how it was trained
          break;
      }
    }
  }

  void read_normalizer(ProtobufMessage normalizer) {
    while (normalizer.next()) {
      if (normalizer.field() == kCharacterMap) model_.character_map = as_string(normalizer.bytes());
      if (normalizer.field() == kPrefixBlank) model_.prefix_blank = normalizer.integer() != 0;
      if (normalizer.field() == kCollapse) model_.collapse_blanks = normalizer.integer() != 0;
      if (normalizer.field() == kEscape) model_.escape_blanks = normalizer.integer() != 0;
    }
  }

  void read_denormalizer(ProtobufMessage denormalizer) const {
    while (denormalizer.next()) {
      if (denormalizer.field() == kCharacterMap && !denormalizer.bytes().empty()) {
        throw ModelError("tokenizer",
                         "{}: it has a denormaliser, which graft does not know: texts would come back as others. Use a "
                         "model without one.",
                         file_);
      }
    }
  }

  std::optional<int32_t> id_of(const std::string& piece, PieceKind kind) const {
    for (size_t id = 0; id < model_.pieces.size(); ++id) {
      if (model_.kinds[id] == kind && model_.pieces[id] == piece) return static_cast<int32_t>(id);
    }
    return std::nullopt;
  }

  ProtobufMessage message_;
  const std::string& file_;
  SentencePieces model_;
  std::string unknown_ = "<unk>", bos_ = "<s>", eos_ = "</s>", pad_ = "<pad>";
};

}  // namespace

SentencePieces read_sentence_pieces(std::string_view bytes, const std::string& file) {
  return Reader(bytes, file).read();
}

}  // namespace graft::text
