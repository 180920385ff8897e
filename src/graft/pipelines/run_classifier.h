// The classifier that a run trained, read back and asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/source.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/options.h"
#include "graft/features/encoder.h"
#include "graft/methods/adapted.h"
#include "graft/pipelines/evaluate.h"

namespace graft::pipelines {

// ModelError for a run that has no classes to tell.
engine::AdapterInfo read_classifier_info(const std::string& run);
methods::Adapted load_classifier(const std::string& run, const std::shared_ptr<models::Model>& model, bool force_base,
                                 Reporter& report);

// The data that a run was trained on, opened as it was; what is asked for goes before it. UsageError where the run does
// not know it.
engine::DataOptions own_data(const std::string& run, const engine::DataOptions& asked);

// What is chosen among, and how the run's classifier gives it.
struct ChoiceOfClasses {
  std::vector<std::string> classes;
  std::vector<int64_t> columns;  // of the run's classifier; empty: all, as they stand
};

// What the classifier says of a source's examples, scored by its task.
Evaluation evaluate_on(methods::Adapted& adapted, const engine::AdapterInfo& info, features::Encoder& encoder,
                       const data::Source& source, const ChoiceOfClasses& choice, Reporter& report,
                       tasks::PredictionRows::MaskSink masks = {});

}  // namespace graft::pipelines
