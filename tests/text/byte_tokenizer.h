// A tokeniser for tests: every byte a token, special tokens of the chat templates, and "\n\n" one token of its own.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "graft/text/sentence_pieces.h"

namespace graft::text {

inline const Tokenizer& byte_tokenizer() {
  static const PipelineTokenizer tokenizer = [] {
    SentencePieces model;
    model.model = SentencePieces::Model::kBytePairs;
    model.byte_fallback = true;
    model.prefix_blank = model.collapse_blanks = model.escape_blanks = false;
    const auto add = [&](std::string piece, PieceKind kind) {
      model.pieces.push_back(std::move(piece));
      model.scores.push_back(0);
      model.kinds.push_back(kind);
    };
    add("<unk>", PieceKind::kUnknown);
    for (const char* token : {"<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>",
                              "<|eot_id|>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]"})
      add(token, PieceKind::kControl);
    for (int byte = 0; byte < 256; ++byte)
      add(fmt::format("<0x{:02X}>", byte), PieceKind::kByte);
    add("\n\n", PieceKind::kUserDefined);
    model.bos = 1;
    model.eos = 2;
    model.adds_bos = true;
    return PipelineTokenizer(pipeline_of(std::move(model), "test"));
  }();
  return tokenizer;
}

}  // namespace graft::text
