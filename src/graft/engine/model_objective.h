// A task put to an adapted model: from some place of its tower upwards, then the head (linear, or class prompts). Only
// what changes is computed again.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/data/source.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/batch_mixing.h"
#include "graft/engine/teacher.h"
#include "graft/features/encoder.h"
#include "graft/models/deeplab/auxiliary_head.h"
#include "graft/plugins/losses/group_weights.h"
#include "graft/tasks/predictions.h"
#include "graft/tasks/task.h"
#include "graft/train/objective.h"

namespace graft::engine {

// A loss of groups, by weights that follow it (plugins/losses/group_weights.h).
struct GroupTraining {
  std::shared_ptr<plugins::GroupWeights> weights = nullptr;  // null: examples are all alike
  at::Tensor of_example = {};                                // [N] int64, the number of each training example's group
};

// A second classifier that trains beside a model's own and answers nothing (models/deeplab/auxiliary_head.h).
struct AuxiliaryTraining {
  std::shared_ptr<models::deeplab::AuxiliaryHead> head = nullptr;  // null: there is none
  nn::Place place = 0;                                             // whose maps it reads
  double weight = 0;                                               // of its loss
};

class ModelObjective final : public train::Objective {
 public:
  struct Options {
    nn::Place place = 0;  // where batches come in: nothing below it changes
    std::shared_ptr<const tasks::Task> task;
    data::Target target = data::Target::label;
    bool cached = false;                         // features at `place` may be held for evaluation
    std::vector<int64_t> choices = {};           // the classes to choose among; empty: all
    BatchMixing mixing = {};                     // of what is computed, while training
    tasks::PredictionRows::MaskSink masks = {};  // gets what predict() says of each photo's pixels
    Teaching teaching = {};                      // beside the task's loss, while training
    GroupTraining groups = {};                   // in place of the mean over a batch, while training
    AuxiliaryTraining auxiliary = {};            // beside the task's loss, while training
  };
  // `validation` null: there is no validation split.
  ModelObjective(methods::Adapted& adapted, features::Encoder& encoder, Options options,
                 std::shared_ptr<const data::Source> validation, Reporter& report);

  const nn::Parameters& parameters() const override { return parameters_; }
  const nn::Parameters& statistics() const override { return statistics_; }
  at::Tensor loss(const train::Batch& batch, nn::Context& context) override;
  double weight_of(const train::Batch& batch) const override;
  void parameters_changed() override;
  std::optional<tasks::Scores> validate() override;
  std::vector<std::string> score_names() const override { return options_.task->score_names(); }

  // `seen` gets what the head reads, of all examples as one, where it reads rows: [N, E].
  tasks::Predictions predict(const data::Source& source, const std::function<void(const at::Tensor&)>& seen = {});

 private:
  // What the batch's mixing drew, and at which place of the tower it is done; nothing: there is none behind the input.
  std::optional<std::pair<plugins::Mix, nn::Place>> mixing_of(const train::Batch& batch) const;
  at::Tensor rows_of(const data::Source& source);  // that the head reads: [N, E]
  // What a head reads that reads all: a pass of examples at a time; computed from what is kept, where it is.
  void each_value(const data::Source& source, const std::function<void(const nn::Value&)>& function);

  // The task's loss of each group's examples by the group's weight, as a sum over the batch; the weights then follow.
  at::Tensor loss_by_groups(const at::Tensor& answers, const at::Tensor& truth, const train::Batch& batch,
                            const nn::Context& context);

  // The task's loss with what the teacher says of the batch's examples, of which the student says `student`.
  at::Tensor with_teaching(const at::Tensor& own, const train::Batch& batch, const at::Tensor& student) const;

  methods::Adapted& adapted_;
  features::Encoder& encoder_;
  Options options_;
  nn::Parameters parameters_;  // the adapted model's, and what learns from the teacher beside it
  nn::Parameters statistics_;  // likewise, and the weights of groups
  std::shared_ptr<const data::Source> validation_;
  Reporter& report_;
  bool text_trains_;  // what a head keeps of texts is then old after a step
};

}  // namespace graft::engine
