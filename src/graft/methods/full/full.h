// Full fine-tuning: every parameter of a tower, and the head. The yardstick of the other methods; from scratch, the
// yardstick of pre-training. A ResNet's batch norms then go by the batch, and gather its statistics; adapted, they keep
// those of pre-training unless --batch-statistics says otherwise. With --last-blocks it is partial fine-tuning
// (Yosinski et al. 2014, arXiv:1411.1792; partial-k of Jia et al. 2022, arXiv:2203.12119). With --layer-decay d the
// learning rate of layer i of L blocks is d^(L + 1 - i), the embeddings being layer 0, the first block 1, and what is
// behind the blocks L + 1 (Clark et al. 2020, arXiv:2003.10555; layers as in BEiT, Bao et al. 2022, arXiv:2106.08254).
#pragma once

#include <optional>
#include <string>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"

namespace graft::methods::full {

struct Options {
  Towers tower = Towers::reader;
  bool from_scratch = false;
  std::optional<bool> batch_statistics = {};
  std::string freeze = {};
  std::optional<int64_t> last_blocks = {};
  std::optional<double> layer_decay = {};
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tower", o.tower, "what trains: the tower that reads the examples, the image tower, the text tower, or both");
  visit("from-scratch", o.from_scratch,
        "of the model take the shape alone: its weights are drawn anew before training (lm train: of a folder with "
        "config.json and a tokenizer, as transformers draws them)");
  visit("batch-statistics", o.batch_statistics,
        "of a ResNet: batch norms go by the mean and variance of each batch, and gather them for afterwards (default: "
        "yes from scratch, else those of pre-training stay)");
  visit("freeze", o.freeze,
        "parameters that stay as they are, also from scratch: patterns as attn.* or blocks.0.*, several with commas "
        "between");
  visit(
      "last-blocks", o.last_blocks,
      "train the last so many blocks of a tower, and what is behind them; 0: what is behind all blocks alone (default: "
      "everything)");
  visit("layer-decay", o.layer_decay,
        "multiply the learning rate of each block by this once more than that of the block behind it, as in 0.75 "
        "(default: one rate)");
}

extern const Entry entry;

}  // namespace graft::methods::full
