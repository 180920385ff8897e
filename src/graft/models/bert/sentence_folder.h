// What a folder of sentence-transformers (Reimers and Gurevych 2019, arXiv:1908.10084) adds to the model in it: how its
// tokens become one row, and how many of them are read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/io/model_folder.h"
#include "graft/models/text_pooling.h"

namespace graft::models::bert {

struct SentenceFolder {
  std::vector<TextPooling> pooling = {};
  std::string pooling_file = {};           // that says it; empty: none
  std::optional<int64_t> max_length = {};  // of a text, in tokens
  std::string lower_case = {};             // the file that wants texts in lower case; empty: none does
  std::vector<Note> notes = {};
};

// ModelError for a module that is none of Transformer, Pooling and Normalize, in this order.
SentenceFolder read_sentence_folder(const io::ModelFolder& folder);

}  // namespace graft::models::bert
