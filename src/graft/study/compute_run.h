// One run of a study, from its options to its result.
#pragma once

#include <string>

#include "graft/core/options.h"
#include "graft/engine/session.h"
#include "graft/study/places.h"
#include "graft/study/run_result.h"
#include "graft/study/spec.h"
#include "graft/study/study_folder.h"

namespace graft::study {

// A run of the study, known again by its content: options, weights, data, and graft's version.
struct PlannedRun {
  Cell cell;
  OptionValues options;
  std::string place;     // which model with which data: the options that say so, as a key
  std::string identity;  // empty while a search has not chosen its options
};

// Test examples are added to the folder, the result is not. A run that fails or diverges is a result with its last
// line; Stopped is thrown.
RunResult compute_run(const PlannedRun& run, Place& place, StudyFolder& folder, const engine::Host& host);

}  // namespace graft::study
