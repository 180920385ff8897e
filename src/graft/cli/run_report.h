// What a run's report says, put together from what the engine gives.
#pragma once

#include <string>

#include "graft/pipelines/adapt.h"
#include "graft/study/html.h"
#include "graft/study/run_report.h"

namespace graft::cli {

study::Facts describe_environment();

// Reads config.yaml and metrics.jsonl of the finished run's folder, and the photos of the worst mistakes.
study::RunReport describe_run(const pipelines::AdaptResult& result, const std::string& command);

// Writes folder/report.html.
void write_run_report(const pipelines::AdaptResult& result, const std::string& command);

}  // namespace graft::cli
