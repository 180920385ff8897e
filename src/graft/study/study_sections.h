// Parts of a study's page that stand beside its claims. Each is empty where there is nothing to show.
#pragma once

#include <string>

#include "graft/study/outcome.h"

namespace graft::study {

std::string comparisons_section(const StudyOutcome& outcome);  // a row a comparison: intervals and every p
std::string aggregates_section(const StudyOutcome& outcome);   // interquartile means, improvement, profiles
std::string alignment_section(const StudyOutcome& outcome);
std::string search_section(const StudyOutcome& outcome);  // what choosing options cost, and fewer would have given

}  // namespace graft::study
