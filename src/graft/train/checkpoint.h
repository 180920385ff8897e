// Where a run can be taken up again, to the same bits: checkpoints/step-000131/ with state.safetensors and state.json.
// A checkpoint is written beside its name, synced and renamed, so that whatever has a name is whole; `last` points at
// the newest. Random numbers need no state: they are functions of the seed and of the place that is kept here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "graft/nn/parameters.h"

namespace graft::train {

struct Checkpoint {
  std::string identity;  // of the run: options, model and data
  int64_t step = 0;      // steps taken; the schedule's place
  int64_t epoch = 0;     // the next batch is number `batch` of this epoch, both from 0
  int64_t batch = 0;
  int64_t metrics_bytes = 0;  // length of the record at that moment
  double best_score = 0;      // of the validations so far, by their first score
  int64_t best_epoch = -1;    // -1: none
  int64_t optimizer_steps = 0;
  bool finished = false;     // stopped early, or the last epoch is done
  double loss_sum = 0;       // of the running epoch, for its mean
  double weight_sum = 0;     // of the answers that it sums over
  double train_seconds = 0;  // of the whole run so far
  nn::NamedTensors parameters, optimizer, best;
};

std::filesystem::path checkpoint_name(int64_t step);  // "step-000131"

// Gives the folder. FileError (nothing lost) when it cannot be written; then the last one is still there.
std::filesystem::path save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint, int64_t keep);

// The newest, or nothing when there is none: its folder, and what it holds.
std::optional<std::filesystem::path> last_checkpoint(const std::filesystem::path& folder);
std::optional<Checkpoint> load_last_checkpoint(const std::filesystem::path& folder);

}  // namespace graft::train
