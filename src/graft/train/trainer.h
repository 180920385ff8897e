// The loop: batches, gradients, steps, validation, checkpoints. Everything random is a function of the seed and of the
// place in the loop, so that a run taken up again goes on to the same bits.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/methods/recipe.h"
#include "graft/train/batches.h"
#include "graft/train/checkpoint.h"
#include "graft/train/objective.h"
#include "graft/train/optimizer.h"
#include "graft/train/run_folder.h"
#include "graft/train/schedule.h"

namespace graft::train {

struct TrainerOptions {
  methods::Recipe recipe;
  std::map<std::string, double> rates = {};  // as of OptimizerOptions
  int64_t grad_accum = 1;
  std::string unit = "examples";  // what a progress line counts
  int64_t patience = 0;           // 0: never stops early, and the last parameters are kept
  int64_t val_every = 1;          // epochs between validations; 0: only after the last
  int64_t checkpoint_every = 0;   // steps; 0: at the end of an epoch, now and then
  int64_t keep = 2;
  uint64_t seed = 1;
  bool recompute = false;
  std::string identity;            // a checkpoint of another run is refused
  std::string older_identity;      // the same run's, as an older graft wrote it; empty: none
  std::string precision = "fp32";  // of the frozen weights
  std::string at_zero;             // options of the method that the user set to 0: "--alpha 0"
  bool same_machine = true;        // nothing that the last bits hang on has changed since the checkpoint
};

struct TrainOutcome {
  int64_t steps = 0;
  int64_t epochs = 0;
  int64_t steps_here = 0;  // of this process
  int64_t examples_here = 0;
  double seconds = 0;
  double waited = 0;       // of these, for examples to be read
  double all_seconds = 0;  // of the run's processes together
  bool early = false;
  int stopped_by = 0;  // SIGINT or SIGTERM
  std::optional<tasks::Scores> validation;
  std::filesystem::path checkpoint;  // the last one written or read
};

class Trainer {
 public:
  // `folder` null: no record, no checkpoints.
  Trainer(Objective& objective, Batches& batches, TrainerOptions options, RunFolder* folder, Reporter& report);

  // Goes on from the folder's last checkpoint, where there is one. DivergenceError for a loss or gradient that is not
  // finite; what was written before stays.
  TrainOutcome run();

 private:
  struct Position {
    int64_t step = 0, epoch = 0, batch = 0;  // done so far; `batch` within the epoch
  };
  void resume();
  void take_step();
  double accumulate(const std::vector<Batch>& batches, double weight);  // the sum of the losses
  void check_gradients() const;
  [[noreturn]] void refuse_not_finite(double loss, double norm, double lr) const;
  void look_for_silence(const GradientNorms& norms, double loss, double lr);
  void refuse_silence(bool all) const;
  void end_epoch();
  void keep_best(const tasks::Score& score);
  bool checkpoint_is_due() const;
  void checkpoint();
  void report_progress(double rate);

  Objective& objective_;
  Batches& batches_;
  TrainerOptions options_;
  RunFolder* folder_;
  Reporter& report_;
  Optimizer optimizer_;
  Schedule schedule_;
  Position at_;
  TrainOutcome outcome_;
  double loss_sum_ = 0;  // of this epoch's steps, for its mean
  double weight_sum_ = 0;
  double epoch_loss_ = 0;  // of the last whole epoch
  double best_score_ = 0;
  int64_t best_epoch_ = -1;  // -1: none
  nn::NamedTensors best_;
  bool finished_ = false;
  std::vector<bool> reached_;  // which parameters had a gradient so far that is not zero
  int64_t telling_steps_ = 0;  // that could have given them one
  double seconds_before_ = 0;  // of this run in earlier processes
  std::chrono::steady_clock::time_point started_, last_checkpoint_;
};

}  // namespace graft::train
