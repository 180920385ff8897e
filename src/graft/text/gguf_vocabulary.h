// The tokeniser that a GGUF carries in its metadata (ggml's docs/gguf.md, tokenizer.ggml.*), as plain lists. Texts
// become the ids that the model was trained with, those of transformers, not always llama.cpp's: Qwen's texts are put
// into normal form C, a "\u2581" in a text is the character that stands for a blank, special tokens are found leftmost
// and longest first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graft/io/gguf.h"
#include "graft/text/pipeline_tokenizer.h"

namespace graft::text {

struct GgufVocabulary {
  std::string model;                                       // tokenizer.ggml.model: "llama", "gpt2" or "t5"
  std::string pre;                                         // of gpt2: the name of the expression that splits a text
  std::vector<std::string> tokens;                         // [id]
  std::vector<float> scores;                               // [id], of llama and t5
  std::vector<int32_t> types;                              // [id], as PieceKind numbers them; empty: all normal
  std::vector<std::string> merges;                         // of gpt2: "left right"
  std::string character_map;                               // precompiled_charsmap
  std::optional<int64_t> bos, eos, eot, unknown, padding;  // ids, where the file names them
  std::optional<bool> adds_bos, adds_eos, prefix_blank, collapse_blanks;
};

// Of a file's metadata; its `model` is empty where there is no tokeniser.
GgufVocabulary read_gguf_vocabulary(const io::GgufMetadata& metadata);

// The parts of its tokeniser; `file` is for errors. A model or an expression that is not known here, and lists that do
// not fit one another, are ModelErrors.
Pipeline pipeline_of(GgufVocabulary vocabulary, const std::string& file);

}  // namespace graft::text
