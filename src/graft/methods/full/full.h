// Full fine-tuning: every parameter of a tower, and the head. The yardstick of the other methods; from scratch, the
// yardstick of pre-training. A ResNet's batch norms then go by the batch, and gather its statistics; adapted, they keep
// those of pre-training unless --batch-statistics says otherwise.
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
}

extern const Entry entry;

}  // namespace graft::methods::full
