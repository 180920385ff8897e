// What the tensors of a decoder do not say, by the words of transformers' config.json, or of a GGUF's metadata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/io/json_object.h"
#include "graft/nn/rotary.h"
#include "graft/tensor/activation_kind.h"

namespace graft::models::decoder {

struct Settings {
  std::string kind;  // transformers' model_type: "llama", "gemma3_text"
  int64_t width = 0, depth = 0, hidden = 0, vocabulary = 0, context_length = 0;
  int64_t heads = 0, key_heads = 0, head_width = 0;
  double eps = 1e-6;
  tensor::Activation activation = tensor::Activation::silu;
  bool tied = false;  // the head's rows are the words'
  bool qkv_bias = false, proj_bias = false, mlp_bias = false;
  bool head_norms = false;  // of queries and keys
  bool post_norms = false;  // of what sub-layers give
  double norm_offset = 0;   // what is added to norms' weights (Gemma: 1)
  double embedding_scale = 1;
  double score_scale = 0;               // 0: 1 / sqrt(head_width)
  double score_cap = 0, logit_cap = 0;  // 0: none
  int64_t window = 0;        // tokens that sliding blocks see, the query's own among them; 0: no block slides
  std::vector<bool> slides;  // of each block
  std::vector<bool> turns;   // of each block: it has positions
  nn::Rotary rotary, sliding_rotary;
  std::optional<int64_t> begin;  // the id that stands before a text
  std::vector<int64_t> ends;     // ids that end one
  std::vector<Note> notes;
};

// What a family is called: "Llama", "Gemma 3".
std::string family_of(const Settings& settings);

// ModelError for an architecture, or a field that can change a number, that graft does not know; and for sizes that do
// not fit one another.
Settings settings_of(const io::JsonObject& config);
bool is_decoder(const io::JsonObject& config);

// The config.json that says the same to transformers.
nlohmann::json to_config(const Settings& settings);

// Sizes are positive and fit; ModelError at `where` otherwise.
void check(const Settings& settings, const std::string& where);

}  // namespace graft::models::decoder
