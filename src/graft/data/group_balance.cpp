#include "graft/data/group_balance.h"

#include <algorithm>
#include <map>
#include <set>

#include "graft/core/error.h"
#include "graft/core/shuffle.h"

namespace graft::data {

std::vector<std::pair<Balance, std::string>> choices(Balance) {
  return {{Balance::none, "none"}, {Balance::group, "group"}};
}

std::vector<std::string> training_groups(const Dataset& dataset, const std::string& option) {
  std::set<std::string> groups;
  for (const Sample& sample : dataset.train) {
    if (sample.group.empty()) {
      throw ConfigError("data", "{}: {} is of no group. Name the table's column that tells it with --group-column.",
                        option, sample.shown());
    }
    groups.insert(sample.group);
  }
  if (groups.size() < 2) {
    throw ConfigError("data", "{}: all training {} of {} are of {}. Leave it out.", option, unit_of(dataset.reads),
                      dataset.name, groups.empty() ? "no group" : fmt::format("one group ('{}')", *groups.begin()));
  }
  return {groups.begin(), groups.end()};
}

Dataset balanced_by_group(const Dataset& dataset, std::uint64_t seed) {
  training_groups(dataset, "--balance group");
  std::map<std::string, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < dataset.train.size(); ++i)
    members[dataset.train[i].group].push_back(i);
  std::size_t least = dataset.train.size();
  for (const auto& [group, places] : members)
    least = std::min(least, places.size());
  std::vector<std::size_t> chosen;
  for (auto& [group, places] : members) {
    Random random = Random(seed).fork("balance").fork(group);
    shuffle(places, random);
    chosen.insert(chosen.end(), places.begin(), places.begin() + static_cast<std::ptrdiff_t>(least));
  }
  std::ranges::sort(chosen);
  Dataset balanced = dataset;
  balanced.train.clear();
  for (const std::size_t i : chosen)
    balanced.train.push_back(dataset.train[i]);
  return balanced;
}

}  // namespace graft::data
