// A run before it starts: all that may be wrong has been found, the method sits in the model, and nothing has been
// written. `graft adapt` trains it, `graft plan` tells what that will take. The session's model is as it was when this
// is gone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/dataset.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/model_objective.h"
#include "graft/engine/options.h"
#include "graft/engine/restore_model.h"
#include "graft/engine/session.h"
#include "graft/engine/teacher.h"
#include "graft/methods/recipe.h"
#include "graft/train/batches.h"

namespace graft::engine {

class PreparedRun {
 public:
  PreparedRun(Session& session, AdaptOptions options, const OptionValues& method_options, Reporter& report);

  // Lines for the person: the method with its recipe, and what becomes of the image features.
  std::string describe_method() const;
  std::string describe_features() const;
  std::string options_at_zero() const;  // "--alpha 0": of the method, where that is not the default

  bool trains() const { return recipe.epochs > 0 && !adapted.parameters.empty(); }
  bool augments() const { return recipe.augmentation != methods::Augmentation::none; }
  bool mixes_input() const { return mixing_.at(plugins::MixPlace::input); }
  bool cached() const { return kept && !augments() && !mixes_input(); }  // training runs on kept features
  int64_t frames() const;                                                // of an example: more than one of a clip
  int64_t trained_parameters() const { return adapted.trained_parameters(); }
  uint64_t seed() const { return static_cast<uint64_t>(options.seed); }

  std::unique_ptr<train::Batches> batches();
  methods::Stage stage();
  // The run's samples as the model reads them; nothing is random.
  std::shared_ptr<const data::Source> source(data::Split split) const;
  // The second classifier that trains beside; null: there is none.
  const models::deeplab::AuxiliaryHead* auxiliary() const { return auxiliary_.head.get(); }
  std::shared_ptr<const tasks::Task> task;

  Session& session;
  AdaptOptions options;
  OptionValues method_options;  // resolved
  Reporter& report;
  data::Dataset dataset;  // the photos of this run: a draw, where there are shots
  AdapterInfo info;
  methods::Recipe recipe;

 private:
  void check_options() const;
  void check_task_name() const;
  void check_task() const;
  void choose();
  void check_own_loss() const;
  std::string asked_loss() const;
  std::string loss_of_head() const;
  void prepare_mixing();
  void prepare_teaching();
  void prepare_groups();
  void prepare_auxiliary();
  void check_teaching(const plugins::Distillation& by) const;
  std::string distillation() const;                                            // as it is asked for, or what is usual
  void need_steps(std::string_view option, std::string_view otherwise) const;  // ConfigError where none is taken
  void check_smallest_batch() const;
  void attach(std::unique_ptr<methods::Method> method);
  methods::FeatureSet features(data::Split split, nn::Place place, int64_t views);
  std::shared_ptr<const data::Source> augmented(const data::Augmentation& augmentation) const;  // of the train split

  RestoreModel restore_;
  std::map<data::Split, std::shared_ptr<const data::Source>> sources_;
  nn::Place earliest_ = 0;  // the first place that the adaptation may change
  BatchMixing mixing_;
  Teaching teaching_;
  GroupTraining group_training_;
  AuxiliaryTraining auxiliary_;
  std::vector<int64_t> groups_;  // of the training examples: which come in one batch

 public:
  methods::Adapted adapted;
  nn::Place place = 0;  // where training begins: nothing below it changes
  bool kept = false;    // features at that place are held in memory
  std::unique_ptr<ModelObjective> objective;
};

}  // namespace graft::engine
