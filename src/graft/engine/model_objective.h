// A task put to an adapted model: from some place of its tower upwards, then the head (linear, or class prompts). Only
// what changes is computed again.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/data/source.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/encoder.h"
#include "graft/engine/objective.h"
#include "graft/engine/predictions.h"
#include "graft/engine/task.h"

namespace graft::engine {

class ModelObjective final : public Objective {
 public:
  struct Options {
    nn::Place place = 0;  // where batches come in: nothing below it changes
    std::shared_ptr<const Task> task;
    data::Target target = data::Target::label;
    bool cached = false;                // features at `place` may be held for evaluation
    std::vector<int64_t> choices = {};  // the classes to choose among; empty: all
  };
  // `validation` null: there is no validation split.
  ModelObjective(Adapted& adapted, Encoder& encoder, Options options, std::shared_ptr<const data::Source> validation,
                 Reporter& report);

  const Parameters& parameters() const override { return adapted_.parameters; }
  at::Tensor loss(const Batch& batch, nn::Context& context) override;
  void parameters_changed() override;
  std::optional<Scores> validate() override;
  std::vector<std::string> score_names() const override { return options_.task->score_names(); }

  Predictions predict(const data::Source& source);

 private:
  Adapted& adapted_;
  Encoder& encoder_;
  Options options_;
  std::shared_ptr<const data::Source> validation_;
  Reporter& report_;
  nn::Place features_at_;
  bool prompts_train_;  // class prompts, whose text side what trains lies in
};

}  // namespace graft::engine
