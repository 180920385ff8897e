#include <torch/types.h>

#include "tests/support/tiny_maker.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {
namespace {

constexpr int64_t kWidth = 28, kHidden = 44, kBlocks = 3, kWords = 50, kHeadWidth = 10, kHeads = 4, kKeyHeads = 2,
                  kLength = 7;

// Ids of several lengths, their padding behind them.
nn::Value tiny_rows(int64_t count, uint64_t seed) {
  Random random(seed);
  nn::Value value{at::zeros({count, kLength}, at::kLong)};
  value.present = at::zeros({count, kLength}, at::kBool);
  for (int64_t row = 0; row < count; ++row) {
    for (int64_t i = 0; i < kLength - row % 3; ++i) {
      value.x[row][i] = 1 + static_cast<int64_t>(random.below(kWords - 1));
      value.present[row][i] = true;
    }
  }
  return value;
}

}  // namespace

TinyCheckpoint tiny_decoder_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-decoder";
  checkpoint.folder.config = io::JsonObject::parse(R"({
    "model_type": "qwen3", "hidden_size": 28, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 44, "hidden_act": "silu", "rms_norm_eps": 1e-6,
    "vocab_size": 50, "max_position_embeddings": 48, "rope_theta": 100.0, "tie_word_embeddings": false})",
                                                   "config.json");
  TinyMaker make(checkpoint, seed);
  make.normal("model.embed_tokens.weight", {kWords, kWidth}, 0.5);
  for (int64_t k = 0; k < kBlocks; ++k) {
    const auto block = "model.layers." + std::to_string(k) + ".";
    make.normal(block + "input_layernorm.weight", {kWidth}, 0.1, 1);
    make.matrix(block + "self_attn.q_proj.weight", kHeads * kHeadWidth, kWidth);
    make.matrix(block + "self_attn.k_proj.weight", kKeyHeads * kHeadWidth, kWidth);
    make.matrix(block + "self_attn.v_proj.weight", kKeyHeads * kHeadWidth, kWidth);
    make.normal(block + "self_attn.q_norm.weight", {kHeadWidth}, 0.1, 1);
    make.normal(block + "self_attn.k_norm.weight", {kHeadWidth}, 0.1, 1);
    make.matrix(block + "self_attn.o_proj.weight", kWidth, kHeads * kHeadWidth);
    make.normal(block + "post_attention_layernorm.weight", {kWidth}, 0.1, 1);
    make.matrix(block + "mlp.gate_proj.weight", kHidden, kWidth);
    make.matrix(block + "mlp.up_proj.weight", kHidden, kWidth);
    make.matrix(block + "mlp.down_proj.weight", kWidth, kHidden);
  }
  make.normal("model.norm.weight", {kWidth}, 0.1, 1);
  make.matrix("lm_head.weight", kWords, kWidth);
  checkpoint.examples = tiny_rows;
  return checkpoint;
}

}  // namespace graft::testing
