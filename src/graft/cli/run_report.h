// What a run's report says, put together from what the engine gives.
#pragma once

#include <string>

#include "graft/pipelines/adapt.h"
#include "graft/report/html.h"
#include "graft/report/run_report.h"

namespace graft::cli {

report::Facts describe_environment();

// Reads config.yaml and metrics.jsonl of the finished run's folder, and the photos of the worst mistakes.
report::RunReport describe_run(const pipelines::AdaptResult& result, const std::string& command);

// Writes folder/report.html.
void write_run_report(const pipelines::AdaptResult& result, const std::string& command);

}  // namespace graft::cli
