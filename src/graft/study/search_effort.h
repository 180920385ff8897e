// What was spent on choosing the options of each method, and what fewer configurations would have given.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graft/study/run_result.h"
#include "graft/study/spec.h"

namespace graft::study {

// Of one method, over all data sets, models and shots.
struct SearchEffort {
  std::string method;
  int64_t configurations = 1;
  int64_t groups = 0, kept = 0;  // data set with model and shots; those where the method's own options won
  int64_t runs = 0, steps = 0;   // of the search, not of what is compared
  double seconds = 0;
  std::string space = {};                                        // "lr 0.0001 to 0.1 (log); rank 2, 4, 8"
  std::vector<std::pair<std::string, std::string>> chosen = {};  // "products, 4 shots": "lr 0.0021, rank 8"
  // The test score of the configuration that validation picks of n, from 1: the mean over the groups of its expectation
  // (Dodge et al. 2019; Tang et al. 2020, without bias). Empty for halving, whose rungs are no results.
  std::vector<double> best_of = {};
};

// Of the methods that run; empty where nothing was searched.
std::vector<SearchEffort> search_efforts(const Spec& spec, const std::map<Cell, RunResult>& results);

// "lora saw 12 configurations, tip-adapter 1"; empty where all saw as many.
std::string unequal_efforts(const std::vector<SearchEffort>& efforts);

std::string print(const SearchEffort& effort);  // "12 configurations of lr 0.0001 to 0.1 (log) · 36 runs, 1,200 steps"

}  // namespace graft::study
