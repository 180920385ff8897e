#include "graft/text/sentence_pieces.h"

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/text/frame_reader.h"
#include "graft/text/scored_pairs.h"
#include "graft/text/sentence_normalizer.h"
#include "graft/text/unigram.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

using Kind = Frame::Part::Kind;

void check(const SentencePieces& model, const std::string& file) {
  const size_t count = model.pieces.size();
  if (count == 0 || model.scores.size() != count || model.kinds.size() != count) {
    throw ModelError("tokenizer", "{}: {} pieces with {} scores and {} types: expected one of each for each.", file,
                     count, model.scores.size(), model.kinds.size());
  }
  for (const auto& [name, id] : {std::pair("unknown", model.unknown), std::pair("begins a text", model.bos),
                                 std::pair("ends a text", model.eos), std::pair("pads", model.pad)}) {
    if (id && (*id < 0 || static_cast<size_t>(*id) >= count)) {
      throw ModelError("tokenizer", "{}: the piece '{}' has the id {}: expected 0 to {}.", file, name, *id, count - 1);
    }
  }
}

Vocabulary vocabulary_of(const SentencePieces& model, const std::string& file) {
  Vocabulary vocabulary;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const auto& piece = model.pieces[id];
    if (piece.empty() || valid_utf8_prefix(piece) != piece.size()) {
      throw ModelError("tokenizer", "{}: the piece {} is {}. Is the file whole?", file, id,
                       piece.empty() ? "empty" : "no UTF-8");
    }
    if (const auto before = vocabulary.find(piece)) {
      throw ModelError("tokenizer", "{}: the pieces {} and {} are both '{}'.", file, *before, id, piece);
    }
    vocabulary.add(piece, static_cast<int64_t>(id), file);
  }
  return vocabulary;
}

std::unique_ptr<const WordModel> unigram_of(const SentencePieces& model, Vocabulary vocabulary) {
  constexpr float kUnknownPenalty = 10;
  float least = 0, most = 0;
  bool any = false;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    if (model.kinds[id] != PieceKind::kNormal) continue;
    least = any ? std::min(least, model.scores[id]) : model.scores[id];
    most = any ? std::max(most, model.scores[id]) : model.scores[id];
    any = true;
  }
  std::vector<Unigram::Piece> pieces;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const auto kind = model.kinds[id];
    if (kind == PieceKind::kNormal) pieces.push_back({static_cast<int32_t>(id), model.scores[id]});
    if (kind == PieceKind::kUserDefined) {  // better than anything it could fall into
      const float length = static_cast<float>(model.pieces[id].size());
      pieces.push_back({static_cast<int32_t>(id), static_cast<double>(length * most) - 0.1});
    }
  }
  return std::make_unique<Unigram>(
      std::move(vocabulary), pieces,
      Unigram::Settings{model.unknown, least - kUnknownPenalty, model.byte_fallback, /*single_precision=*/true});
}

}  // namespace

std::vector<PrefixIndex::Entry> user_defined_pieces(const SentencePieces& model) {
  std::vector<PrefixIndex::Entry> entries;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    if (model.kinds[id] == PieceKind::kUserDefined) entries.push_back({model.pieces[id], static_cast<int32_t>(id)});
  }
  return entries;
}

Pipeline pipeline_of(SentencePieces model, const std::string& file) {
  check(model, file);
  for (size_t id = 0; id < model.kinds.size() && !model.unknown; ++id) {
    if (model.kinds[id] == PieceKind::kUnknown) model.unknown = static_cast<int32_t>(id);
  }
  Pipeline parts;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    if (model.kinds[id] != PieceKind::kControl && model.kinds[id] != PieceKind::kUnknown) continue;
    AddedToken token;
    token.content = model.pieces[id];
    token.id = static_cast<int32_t>(id);
    token.special = true;
    parts.added.push_back(std::move(token));
  }
  auto vocabulary = vocabulary_of(model, file);
  parts.normalizer = sentence_normalizer(model, file);
  parts.decoder = sentence_piece_decoder(model.prefix_blank && !model.blank_behind);
  const std::pair<const char*, std::optional<int32_t>> kNames[] = {
      {"unk_token", model.unknown}, {"bos_token", model.bos}, {"eos_token", model.eos}, {"pad_token", model.pad}};
  for (const auto& [name, id] : kNames) {
    if (id) parts.special[name] = *id;
  }
  parts.pad = model.pad.value_or(model.eos.value_or(0));
  const bool begins = model.adds_bos && model.bos, ends = model.adds_eos && model.eos;
  parts.frame = framed(begins ? model.bos : std::nullopt, ends ? model.eos : std::nullopt);
  if (model.model == SentencePieces::Model::kUnigram)
    parts.model = unigram_of(model, std::move(vocabulary));
  else
    parts.model = std::make_unique<ScoredPairs>(std::move(vocabulary), model, model.unknown);
  return parts;
}

}  // namespace graft::text
