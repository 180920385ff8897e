// As many training examples of each group, for a last layer that is to owe nothing to how often groups occur: what
// last-layer retraining trains on (DFR: Kirichenko et al. 2023, arXiv:2204.02937), and subsampling by itself
// (Idrissi et al. 2022, arXiv:2110.14503).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/data/dataset.h"

namespace graft::data {

enum class Balance {
  none,
  group,  // of each group as many as the smallest has
};
std::vector<std::pair<Balance, std::string>> choices(Balance);

// The training examples' groups in the order of their names. ConfigError, for the option that asks, where an example
// has none, or all have the same.
std::vector<std::string> training_groups(const Dataset& dataset, const std::string& option);

// A draw by the seed, in the order in which the examples stand; val and test are left as they are.
Dataset balanced_by_group(const Dataset& dataset, std::uint64_t seed);

}  // namespace graft::data
