// What is other in one run than in another: what was asked for, what was
// learned, and what is predicted. Read off the two folders; no model is loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/interval.h"

namespace graft::pipelines {

struct OptionDifference {
  std::string name;
  std::string first, second;  // as text; empty where one does not say it
};

// Of one tensor of both adapters, or of the update b a of one LoRA pair. Where
// something is 0 the cosine is NaN.
struct TensorDifference {
  std::string name;                              // of the tensor, or of the pair's module
  double first = 0, second = 0, difference = 0;  // 2-norms
  double cosine = 0;
  // Of updates: principal angles between what they write (the spaces of their
  // columns) and between what they read (of their rows), in degrees, the
  // smallest first (Bjorck & Golub 1973).
  std::vector<double> written, read;
};

// Of examples that both runs predicted and whose truth both know.
struct PredictionDifference {
  int64_t examples = 0, both = 0, only_first = 0, only_second = 0,
          neither = 0;         // right
  int64_t told_otherwise = 0;  // with another prediction, right or wrong
  double p = 1;                // McNemar's mid-p of as many only_first as only_second
  Interval difference;         // of the second's accuracy less the first's (Bonett &
                               // Price 2012)
};

struct RunDifference {
  std::vector<OptionDifference> options;
  std::vector<TensorDifference> tensors;
  std::vector<std::string> only_first, only_second,
      other_shape;  // tensors, by name
  std::optional<PredictionDifference> predictions;
  std::string no_predictions;  // why there are none to compare; empty where there are
};

// FileError for a folder that is neither a run nor an adapter.
RunDifference diff_runs(const std::filesystem::path& first, const std::filesystem::path& second);

}  // namespace graft::pipelines
