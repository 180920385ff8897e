// What a study keeps of one run: what it was, its scores, and what it said of each test example, without which two runs
// could not be compared item by item. One JSON file a run, named by the run's identity; the test examples stand once,
// in a file of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/options.h"
#include "graft/statistics/drift.h"
#include "graft/study/spec.h"

namespace graft::study {

enum class Outcome {
  done,
  diverged,  // a result too: right for no example
  failed     // says nothing of the method; tried again by the next process
};

struct RunResult {
  std::string identity;
  Cell cell = {};
  OptionValues options = {};  // as asked for
  Outcome outcome = Outcome::done;
  std::string error = {};    // its last line, where it is not done
  std::string machine = {};  // build, instruction set, threads
  int64_t trained_parameters = 0, steps = 0, epochs = 0;
  double train_seconds = 0, seconds = 0;
  double shared_seconds = 0;                      // of them, on frozen features that other runs share
  double loss = 0;                                // mean over the test examples
  int64_t count = 0;                              // test examples
  std::map<std::string, double> scores = {};      // shares of 1, or numbers of the task's kind
  std::optional<double> val = {};                 // the first score on the validation split
  std::map<std::string, double> val_scores = {};  // all of them; runs of earlier versions have none
  std::string items = {};                         // of Items; empty where examples have no one label
  std::vector<int64_t> predicted = {};            // [count]
  std::vector<float> probability = {};            // [count] of what was predicted
  // Of the tower's features of so many test examples, before and after; none where the method does not change them.
  std::optional<statistics::Alignment> alignment = {};
  int64_t aligned = 0;
};

// The test examples of a data set, and their classes.
struct Items {
  std::vector<std::string> files, classes;
  std::vector<int64_t> labels;
  std::string hash() const;
};

std::string to_json(const RunResult& result);
// FileError for a damaged file, or one of a newer graft.
RunResult parse_run_result(const std::string& text, const std::string& file);

std::string to_json(const Items& items);
Items parse_items(const std::string& text, const std::string& file);

}  // namespace graft::study
