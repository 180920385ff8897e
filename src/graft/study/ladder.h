// The cheapest method that is enough (Rung in outcome.h).
#pragma once

#include <vector>

#include "graft/study/outcome.h"
#include "graft/study/result_reader.h"

namespace graft::study {

// The methods of the design stand from the cheapest to the dearest; the question has a margin.
std::vector<Rung> ladder_of(const Design& design, ResultReader& reader, const std::vector<StudyTable>& tables);

}  // namespace graft::study
