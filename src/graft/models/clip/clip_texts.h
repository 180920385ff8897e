// Whose tokeniser a CLIP's texts are read by, as the files beside its weights say: CLIP's own, another of its kind
// (byte pairs, vocab.json with merges.txt or tokenizer.json), or one that graft does not have.
#pragma once

#include <memory>
#include <string>

#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/text/clip_tokenizer.h"

namespace graft::models::clip {

struct Texts {
  std::shared_ptr<const text::ClipTokenizer> tokenizer;  // nullptr: CLIP's own
  std::string refused;                                   // why there is none, as the end of a sentence
};

// `words`: rows of the table that its ids choose from.
Texts texts_of(const io::ModelFolder& folder, bool open_clip, int64_t words);

// The context length and the tokenizer of a model on disk, of whose weights only the shapes are looked at. ModelError
// if it reads no text.
struct TextSide {
  std::shared_ptr<const text::ClipTokenizer> tokenizer;  // nullptr: CLIP's own
  int64_t context_length = 0;
};
TextSide text_side_of(const io::ModelFolder& folder);

}  // namespace graft::models::clip
