// How far a method has moved the tower's features of test examples: those before against those after training, by
// linear CKA (statistics/drift.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "graft/core/log.h"
#include "graft/data/source.h"
#include "graft/engine/prepared_run.h"
#include "graft/engine/session.h"
#include "graft/statistics/drift.h"

namespace graft::pipelines {

struct FeatureDrift {
  statistics::Alignment alignment;
  int64_t examples = 0;
  double seconds = 0;  // that measuring took
};

// Two looks at the same examples, at most so many, evenly spread over the split: with the method in its place, and when
// the session's model is as it was.
class DriftMeasure {
 public:
  // Nothing to measure where nothing below the features is changed (a head, a cache of features), or where fewer than
  // four examples are there. `read`: what the head read of the test split, where that is known; else it is read here.
  DriftMeasure(engine::PreparedRun& run, const at::Tensor& read, int64_t most, Reporter& report);
  // None where there was nothing to measure, or where all features of one side are the same.
  std::optional<FeatureDrift> against_frozen(engine::Session& session, Reporter& report);

 private:
  std::shared_ptr<const data::Source> source_;
  std::unique_ptr<data::Selection> examples_;
  at::Tensor adapted_;  // [n, E]
  double seconds_ = 0;
};

}  // namespace graft::pipelines
