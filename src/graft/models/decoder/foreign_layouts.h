// Decoders in files of other programs: GGUF (llama.cpp) and llama2.c's. Both turn neighbouring entries of a head, so
// that the rows of q and k lie in another order than transformers'.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

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

// What a tensor is called there and here ("blk.0.attn_q.weight", "model.layers.0.self_attn.q_proj.weight"); empty for
// one that decoders have not.
std::string gguf_name(const std::string& ours, const Settings& settings);
std::string name_of_gguf(const std::string& theirs, const Settings& settings);

// Its numbers, of which our name says whose they are, as they lie there and here: rows of q and k in their order, norms
// with what is added to them. Rows of a factor of its change ([out, r] of LoRA's B) lie alike.
at::Tensor as_in_gguf(const std::string& ours, const at::Tensor& value, const Settings& settings);
at::Tensor as_here(const std::string& ours, const at::Tensor& value, const Settings& settings);

// For `heads` heads of width d: which row there is row i here. There row 2 i + j of a head is row i + j d / 2 here.
std::vector<int64_t> unpaired_rows(int64_t heads, int64_t head_width);
std::vector<int64_t> paired_rows(int64_t heads, int64_t head_width);  // the other way

// Whether a GGUF of that architecture has the rows of q and k so ("llama"), and what it is called there ("gemma3" of
// transformers' gemma3_text).
bool pairs_neighbours(const std::string& architecture);
std::string gguf_architecture(const std::string& kind);

}  // namespace graft::models::decoder
