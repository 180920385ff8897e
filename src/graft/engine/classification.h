// Image classification as a task: a model from some place upwards, then a classifier (a linear head, or class prompts).
// Each tower is in one of three states, and only what changes is computed again.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/engine/adapter_folder.h"
#include "graft/engine/encoder.h"
#include "graft/engine/objective.h"
#include "graft/engine/predictions.h"
#include "graft/plugins/losses/loss.h"

namespace graft::engine {

enum class TowerState {
  cached,          // its output is kept: images below the first change, class prompts that nobody trains
  frozen,          // computed, without gradients: random views of a photo
  differentiated,  // gradients go through
};
const char* to_string(TowerState state);

// Photos to predict, by the values they have at the task's first place.
struct EvaluationSet {
  std::vector<std::string> files;  // as the data set names them
  std::vector<std::filesystem::path> paths;
  std::vector<int64_t> labels;
};

class Classification final : public Objective {
 public:
  struct Options {
    nn::Place place = 0;  // where batches come in: nothing below it changes
    std::shared_ptr<const plugins::Loss> loss = nullptr;
    double label_smoothing = 0;
    bool cached = false;                // features at `place` may be held for evaluation
    std::vector<int64_t> choices = {};  // the classes to choose among; empty: all
  };
  Classification(Adapted& adapted, Encoder& encoder, Options options, EvaluationSet validation, Reporter& report);

  const Parameters& parameters() const override { return adapted_.parameters; }
  at::Tensor loss(const Batch& batch, nn::Context& context) override;
  void parameters_changed() override;
  std::optional<Scores> validate() override;
  std::vector<std::string> score_names() const override { return {"accuracy", "mean_per_class"}; }

  Predictions predict(const EvaluationSet& set);

  TowerState image_tower() const { return image_; }
  TowerState text_tower() const { return text_; }

 private:
  Adapted& adapted_;
  Encoder& encoder_;
  Options options_;
  EvaluationSet validation_;
  Reporter& report_;
  nn::Place features_at_;
  TowerState image_, text_;
};

}  // namespace graft::engine
