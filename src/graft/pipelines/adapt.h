// From a frozen model and labelled photos to an adapter and a test accuracy: the whole of `graft adapt`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/engine/session.h"
#include "graft/io/image.h"
#include "graft/pipelines/feature_drift.h"
#include "graft/pipelines/shown_masks.h"
#include "graft/pipelines/word_weights.h"
#include "graft/tasks/accuracy.h"

namespace graft::pipelines {

inline constexpr size_t kMistakesShown = 24;  // of a run, in its report

struct AdaptResult {
  tasks::Scores test;
  tasks::Predictions test_predictions;
  // Of texts: the words that decided the mistakes that were made most surely, by their rows in test_predictions.
  std::map<int64_t, WordWeights> mistake_words;
  std::map<int64_t, std::vector<io::Image>> mistake_frames;  // of clips, as they were read
  std::vector<ShownMask> shown_masks;  // of a run on masks that is written: of its validation split, else of its test
  std::optional<tasks::Scores> val;
  std::vector<std::string> classes;
  data::Reads reads = data::Reads::photo;
  std::filesystem::path data_root;  // what test_predictions.files are relative to, where they are files
  int64_t trained_parameters = 0;
  int64_t frozen_parameters = 0;
  int64_t steps = 0;  // taken so far, over all resumes
  int64_t epochs = 0;
  double train_seconds = 0;      // of the whole run, over all resumes
  double waited = 0;             // of the training seconds here, for examples to be read
  double seconds = 0;            // encoding, training and testing, of the whole run
  int64_t legs = 1;              // processes that it ran in
  std::string command;           // that began it
  bool features_cached = false;  // training ran on kept features
  int64_t photos_encoded = 0;    // that went through the frozen tower; the others' features were there
  int64_t adapter_bytes = 0;
  int64_t peak_memory_bytes = 0;      // of the process so far
  std::filesystem::path folder;       // empty: nothing was written
  int stopped_by = 0;                 // SIGINT or SIGTERM: a checkpoint lies in the folder and nothing was tested
  std::optional<FeatureDrift> drift;  // where it was asked for, and the method changes the tower
  std::filesystem::path checkpoint;   // where a stopped run goes on, relative to the folder
};

// With `resume` the options are that run's own; what differs from a default counts as given beside it. An empty output
// writes nothing.
AdaptResult adapt(const engine::AdaptOptions& options, const OptionValues& method_options, const engine::Host& host,
                  Reporter& report);

// Goes on with a run folder's run: to the same bits as if it had not stopped. `given`: what the user said beside it.
// UsageError for what is not as the run has it, DataError where its photos are not what they were: nothing is touched.
AdaptResult resume(const std::string& folder, const OptionValues& given, const engine::Host& host, Reporter& report);

// The same on what a session holds: its model and photos, whatever `options` says of these. The session's model is as
// it was afterwards. With `drift_examples` so many test examples tell how far the tower's features have moved.
AdaptResult adapt(engine::Session& session, const engine::AdaptOptions& options, const OptionValues& method_options,
                  Reporter& report, int64_t drift_examples = 0);

}  // namespace graft::pipelines
