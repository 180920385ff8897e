// Features of photos as a file: `graft features`.
#pragma once

#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/models/model.h"

namespace graft::pipelines {

struct FeaturesOptions {
  engine::ModelOptions model;
  engine::DataOptions data;
  std::string at = "projected";
  std::string split;
  std::string adapter;
  std::string output;
  bool force_base = false;
};
template <class Visitor>
void fields(Visitor& visit, FeaturesOptions& o) {
  fields(visit, o.model);
  fields(visit, o.data);
  visit("at", o.at, "pixels, tokens, block.K (the output of block K, from 0), pooled or projected");
  visit("split", o.split, "train, val or test; empty: every photo below the folder, or all rows of the table");
  visit("adapter", o.adapter,
        "run folder whose adapter is applied; RUN:0.7 for 0.7 times what it changes, RUN+RUN for one on the other");
  visit("output", o.output, "safetensors file to write");
  visit("force-base", o.force_base, "load onto another base model than the one it was trained on");
}

struct FeatureTable {
  std::vector<std::string> files;
  at::Tensor features;  // [N, ...] float32
};

// Writes `output`, if set: tensor "features", and the files as a JSON list in the metadata's "files".
FeatureTable features(const FeaturesOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
