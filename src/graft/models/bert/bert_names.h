// What the checkpoints of BERT and its kin call things.
#pragma once

#include <string>
#include <vector>

#include "graft/io/weights.h"
#include "graft/models/blocks.h"

namespace graft::models::bert {

struct Names {
  const char* blocks;
  BlockNames block;
};

struct Found {
  const Names* names;
  std::string prefix;  // before every name: "bert.", "roberta.", ""
};

// The networks of these tensors that are BERT's or DistilBERT's; RoBERTa has BERT's names.
std::vector<Found> find_names(const io::Weights& weights);

extern const Names kBert, kDistilBert;

}  // namespace graft::models::bert
