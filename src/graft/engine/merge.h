// Folding an adapter into the weights: a checkpoint of the base's own layout, with no trace of the adapter but its
// effect.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"

namespace graft::engine {

struct MergeOptions {
  std::string run;
  ModelOptions model;  // an empty name: the model that the run was trained on
  std::string data;
  std::string output;
  bool force = false;
  bool force_base = false;
};
template <class Visitor>
void fields(Visitor& visit, MergeOptions& o) {
  visit("run", o.run, "run folder, or a folder with an adapter");
  fields(visit, o.model);
  visit("data", o.data, "photos to measure the deviation on (default: the run's own)");
  visit("output", o.output, "model folder to write");
  visit("force", o.force, "write over a folder that exists");
  visit("force-base", o.force_base, "load onto another base model than the one it was trained on");
}

struct Merged {
  int64_t folded = 0;            // linear maps changed
  int64_t photos = 0;            // that the deviation was measured on
  double largest_deviation = 0;  // of features, relative to their largest value
  std::filesystem::path folder;
};
// ModelError, before anything is written, for inserts that do not fold, by name.
Merged merge(const MergeOptions& options, const Host& host, Reporter& report);

}  // namespace graft::engine
