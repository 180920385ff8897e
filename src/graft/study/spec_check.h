// That the options of a study's runs are options, before the first of them runs.
#pragma once

#include <string>
#include <vector>

#include "graft/study/spec.h"

namespace graft::study {

std::vector<std::string> wrong_options(const Spec& spec);  // a line each; empty: nothing is wrong

}  // namespace graft::study
