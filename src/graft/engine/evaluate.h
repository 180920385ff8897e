// Using what was trained: accuracy of a run on a data set, predictions for photos, features of a model or a run.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/accuracy.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/options.h"
#include "graft/engine/session.h"

namespace graft::engine {

struct EvaluateOptions {
  std::string run;
  ModelOptions model;  // an empty name: the model that the run was trained on
  DataOptions data;
  data::Split split = data::Split::test;
  bool force_base = false;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, EvaluateOptions& o) {
  visit("run", o.run, "run folder, or a folder with an adapter");
  fields(visit, o.model);
  fields(visit, o.data);
  visit("split", o.split, "split to evaluate on");
  visit("force-base", o.force_base, "load onto another base model than the one it was trained on");
  visit("output", o.output, "file for predictions, a JSON object a line");
}

struct Evaluation {
  Scores scores;
  Predictions predictions;
  std::vector<std::string> classes;
};
// The data's classes are matched to the run's by name; a class that the run does not know is a DataError.
Evaluation evaluate(const EvaluateOptions& options, const Host& host, Reporter& report);

struct PredictOptions {
  std::string run;
  ModelOptions model;
  std::vector<std::string> files;
  int64_t workers = 2;
  bool force_base = false;
};
template <class Visitor>
void fields(Visitor& visit, PredictOptions& o) {
  visit("run", o.run, "run folder, or a folder with an adapter");
  fields(visit, o.model);
  visit("files", o.files, "photos");
  visit("workers", o.workers, "threads that decode photos");
  visit("force-base", o.force_base, "load onto another base model than the one it was trained on");
}
Evaluation predict(const PredictOptions& options, const Host& host, Reporter& report);  // labels are -1

struct FeaturesOptions {
  ModelOptions model;
  DataOptions data;
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
  visit("at", o.at, "pixels, tokens, block.K (after block K, from 0), pooled or projected");
  visit("split", o.split, "train, val or test; empty: every photo below the folder, or all rows of the table");
  visit("adapter", o.adapter, "run folder whose adapter is applied");
  visit("output", o.output, "safetensors file to write");
  visit("force-base", o.force_base, "load onto another base model than the one it was trained on");
}
struct FeatureTable {
  std::vector<std::string> files;
  at::Tensor features;  // [N, ...] float32
};
FeatureTable features(const FeaturesOptions& options, const Host& host, Reporter& report);  // and writes `output`, if set

// The place that a word names; UsageError with what the model has.
nn::Place parse_place(const std::string& word, const models::Model& model);

// Class probabilities of photos, through the adapted model, in padded passes: [N, C].
at::Tensor probabilities(const Adapted& adapted, Encoder& encoder, const std::vector<std::filesystem::path>& files,
                         Reporter& report);

}  // namespace graft::engine
