// What a comparison found, as a table and sentences, or as one JSON object.
#pragma once

#include "graft/cli/terminal.h"
#include "graft/study/outcome.h"

namespace graft::cli {

void print_result(const study::StudyOutcome& outcome, Terminal& terminal);

}  // namespace graft::cli
