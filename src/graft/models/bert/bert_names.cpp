#include "graft/models/bert/bert_names.h"

#include <string_view>

namespace graft::models::bert {

const Names kBert = {.blocks = "encoder.layer.",
                     .block = {.norm1 = "attention.output.LayerNorm",
                               .norm2 = "output.LayerNorm",
                               .qkv = nullptr,
                               .q = "attention.self.query",
                               .k = "attention.self.key",
                               .v = "attention.self.value",
                               .proj = "attention.output.dense",
                               .fc1 = "intermediate.dense",
                               .fc2 = "output.dense"}};

const Names kDistilBert = {.blocks = "transformer.layer.",
                           .block = {.norm1 = "sa_layer_norm",
                                     .norm2 = "output_layer_norm",
                                     .qkv = nullptr,
                                     .q = "attention.q_lin",
                                     .k = "attention.k_lin",
                                     .v = "attention.v_lin",
                                     .proj = "attention.out_lin",
                                     .fc1 = "ffn.lin1",
                                     .fc2 = "ffn.lin2"}};

std::vector<Found> find_names(const io::Weights& weights) {
  constexpr std::string_view kWords = "embeddings.word_embeddings.weight";
  std::vector<Found> found;
  for (const auto& [name, view] : weights.tensors()) {
    if (!name.ends_with(kWords)) continue;
    const auto prefix = name.substr(0, name.size() - kWords.size());
    if (!prefix.empty() && !prefix.ends_with('.')) continue;
    for (const auto* names : {&kBert, &kDistilBert}) {
      const auto block = prefix + names->blocks + "0.";
      if (weights.tensors().contains(prefix + "embeddings.position_embeddings.weight") &&
          weights.tensors().contains(block + names->block.q + ".weight") &&
          weights.tensors().contains(block + names->block.fc1 + ".weight")) {
        found.push_back({names, prefix});
      }
    }
  }
  return found;
}

}  // namespace graft::models::bert
