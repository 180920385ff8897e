#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "tests/support/tiny_maker.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {
namespace {

constexpr int64_t kWidth = 24, kHidden = 40, kBlocks = 3, kWords = 50, kPositions = 12, kTypes = 2, kLength = 7;

// Ids of several lengths behind one another's padding; in the second half of each the text is another's.
nn::Value tiny_texts(int64_t count, uint64_t seed) {
  Random random(seed);
  nn::Value value{at::zeros({count, kLength}, at::kLong)};
  value.present = at::zeros({count, kLength}, at::kBool);
  value.types = at::zeros({count, kLength}, at::kLong);
  for (int64_t row = 0; row < count; ++row) {
    const int64_t length = kLength - row % 3;
    for (int64_t i = 0; i < length; ++i) {
      value.x[row][i] = 1 + static_cast<int64_t>(random.below(kWords - 1));
      value.present[row][i] = true;
      value.types[row][i] = i > length / 2 ? 1 : 0;
    }
  }
  return value;
}

}  // namespace

TinyCheckpoint tiny_bert_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-bert";
  checkpoint.folder.config = io::JsonObject::parse(R"({
    "model_type": "bert", "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 40,
    "hidden_act": "gelu", "layer_norm_eps": 1e-12, "vocab_size": 50, "max_position_embeddings": 12,
    "type_vocab_size": 2, "pad_token_id": 0})",
                                                   "config.json");
  TinyMaker make(checkpoint, seed);
  make.normal("embeddings.word_embeddings.weight", {kWords, kWidth}, 0.5);
  make.normal("embeddings.position_embeddings.weight", {kPositions, kWidth}, 0.5);
  make.normal("embeddings.token_type_embeddings.weight", {kTypes, kWidth}, 0.5);
  make.norm("embeddings.LayerNorm", kWidth);
  for (int64_t k = 0; k < kBlocks; ++k) {
    const auto block = "encoder.layer." + std::to_string(k) + ".";
    for (const char* part : {"query", "key", "value"})
      make.linear(block + "attention.self." + part, kWidth, kWidth);
    make.linear(block + "attention.output.dense", kWidth, kWidth);
    make.norm(block + "attention.output.LayerNorm", kWidth);
    make.linear(block + "intermediate.dense", kHidden, kWidth);
    make.linear(block + "output.dense", kWidth, kHidden);
    make.norm(block + "output.LayerNorm", kWidth);
  }
  make.linear("pooler.dense", kWidth, kWidth);
  checkpoint.examples = tiny_texts;
  return checkpoint;
}

}  // namespace graft::testing
