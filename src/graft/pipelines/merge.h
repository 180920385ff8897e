// Folding an adapter into the weights: a checkpoint of the base's own layout with everything that the base had, which
// graft and the base's library open without knowing of the adapter.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/methods/algebra.h"

namespace graft::pipelines {

struct MergeOptions {
  std::string run;
  engine::ModelOptions model;  // an empty name: the model that the run was trained on
  std::string data;
  std::string output;
  methods::Algebra algebra;  // of several runs (merge_adapters.h)
  bool force = false;
  bool force_base = false;
};
template <class Visitor>
void fields(Visitor& visit, MergeOptions& o) {
  visit("run", o.run, "run folder, or a folder with an adapter; RUN:0.7 for 0.7 times what it changes");
  fields(visit, o.model);
  visit("data", o.data, "photos to measure the deviation on (default: the run's own)");
  visit("output", o.output, "model folder to write; of several runs the folder of one adapter");
  fields(visit, o.algebra);
  visit("force", o.force, "write over a folder that exists");
  visit("force-base", o.force_base, "load onto another base model than the one it was trained on");
}

struct Merged {
  int64_t folded = 0;            // linear maps that inserts were folded into
  int64_t tensors = 0;           // of the checkpoint that changed
  int64_t photos = 0;            // that the deviation was measured on; 0: on generated ones
  double largest_deviation = 0;  // of features of the folder as read back, relative to their largest value
  std::string rounded;           // the type below float32 that changed tensors were rounded to; empty: none was
  std::string head;              // where the trained head lies
  std::filesystem::path folder;
};
// A folder appears only once it has been read back, as anyone would read it, and does what the adapted model does.
// ModelError, with nothing written, for inserts that do not fold, by name, and for a base that cannot be described.
Merged merge(const MergeOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
