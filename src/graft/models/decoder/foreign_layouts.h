// Decoders in files of other programs: GGUF (llama.cpp) and llama2.c's. Both turn neighbouring entries of a head, so
// that the rows of q and k lie in another order than transformers'.
#pragma once

#include "graft/io/gguf.h"
#include "graft/io/weights.h"
#include "graft/models/decoder/decoder_settings.h"
#include "graft/models/decoder/stored_tensors.h"

namespace graft::models::decoder {

struct ForeignModel {
  Settings settings;
  StoredTensors tensors;  // by transformers' names, with its rows and norms
};

// ModelError for an architecture, or a value that can change a number, that graft does not know.
ForeignModel of_gguf(const io::GgufFile& file);
ForeignModel of_llama2c(const io::Weights& weights);

// For `heads` heads of width d: which row there is row i here. There row 2 i + j of a head is row i + j d / 2 here.
std::vector<int64_t> unpaired_rows(int64_t heads, int64_t head_width);

// Whether a GGUF of that architecture has the rows of q and k so ("llama"), and what it is called there ("gemma3" of
// transformers' gemma3_text).
bool pairs_neighbours(const std::string& architecture);
std::string gguf_architecture(const std::string& kind);

}  // namespace graft::models::decoder
