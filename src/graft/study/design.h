// What is compared with what: of a study, or of predictions that others made.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graft/study/run_result.h"
#include "graft/study/spec.h"

namespace graft::study {

using Column = std::pair<std::string, std::string>;  // model, data set

struct Design {
  std::string name;
  std::vector<std::string> methods;
  std::set<std::string> once = {};  // methods of one run, whatever shots and seeds there are
  std::vector<Column> columns;
  std::vector<int64_t> shots = {0}, seeds = {0};
  Question question = {};
  bool foreign = false;  // nothing is known of what was trained, nor how long, nor when the margin was chosen
};
Design design_of(const Spec& spec);

// The test examples of a hash.
using ItemsOf = std::function<Items(const std::string& hash)>;

}  // namespace graft::study
