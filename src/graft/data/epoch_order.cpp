#include "graft/data/epoch_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <numeric>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/core/shuffle.h"

namespace graft::data {
namespace {

// Batches that are sorted together: more waste less, and leave less to chance.
constexpr std::int64_t kWindow = 32;

// Groups in a shuffled order, those of one size in one queue.
class WaitingGroups {
 public:
  using Group = std::vector<std::int64_t>;

  explicit WaitingGroups(std::vector<Group> shuffled) {
    for (std::size_t i = 0; i < shuffled.size(); ++i)
      by_size_[shuffled[i].size()].emplace_back(i, std::move(shuffled[i]));
  }

  // The first with at most `room` examples, or else as many of the first of all.
  Group next(std::size_t room) {
    const auto first = [&](std::size_t most) {
      auto best = by_size_.end();
      for (auto queue = by_size_.begin(); queue != by_size_.end() && queue->first <= most; ++queue) {
        if (best == by_size_.end() || queue->second.front().first < best->second.front().first) best = queue;
      }
      return best;
    };
    if (const auto queue = first(room); queue != by_size_.end()) return take(queue).second;
    auto [place, group] = take(first(by_size_.rbegin()->first));
    Group rest(group.begin() + static_cast<std::ptrdiff_t>(room), group.end());
    group.resize(room);
    by_size_[rest.size()].emplace_front(place, std::move(rest));
    return group;
  }

 private:
  using Queue = std::deque<std::pair<std::size_t, Group>>;  // with the place in the shuffled order

  std::pair<std::size_t, Group> take(std::map<std::size_t, Queue>::iterator queue) {
    auto taken = std::move(queue->second.front());
    queue->second.pop_front();
    if (queue->second.empty()) by_size_.erase(queue);
    return taken;
  }

  std::map<std::size_t, Queue> by_size_;
};

std::vector<std::int64_t> grouped_order(const std::vector<std::int64_t>& groups, std::int64_t batch_size,
                                        Random random) {
  std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(std::ranges::max(groups) + 1));
  for (std::size_t i = 0; i < groups.size(); ++i)
    members[static_cast<std::size_t>(groups[i])].push_back(static_cast<std::int64_t>(i));
  shuffle(members, random);
  WaitingGroups waiting(std::move(members));
  std::vector<std::int64_t> order;
  const auto batch = static_cast<std::size_t>(batch_size);
  while (order.size() < groups.size()) {
    const auto group = waiting.next(std::min(batch - order.size() % batch, groups.size() - order.size()));
    order.insert(order.end(), group.begin(), group.end());
  }
  return order;
}

}  // namespace

std::vector<std::pair<Grouping, std::string>> choices(Grouping) {
  return {{Grouping::none, "none"}, {Grouping::name, "name"}};
}

std::vector<std::int64_t> groups_of(const Dataset& dataset, Grouping grouping, std::int64_t batch_size) {
  if (grouping == Grouping::none) return {};
  if (dataset.reads != Reads::photo && dataset.reads != Reads::clip)
    throw ConfigError("train", "--group-by name: groups files by their names, and {} holds {}. Leave it out.",
                      dataset.name, unit_of(dataset.reads));
  std::vector<std::int64_t> groups;
  std::map<std::string, std::int64_t> numbers;
  std::vector<std::int64_t> sizes;
  for (const Sample& sample : dataset.train) {
    const auto name = std::filesystem::path(sample.input).stem().string();
    const auto [found, is_new] = numbers.try_emplace(name, std::ssize(sizes));
    if (is_new) sizes.push_back(0);
    if (++sizes[static_cast<std::size_t>(found->second)] > batch_size) {
      throw ConfigError("train",
                        "--group-by name: more {} are called '{}' than a batch holds ({}). Raise --batch-size, or "
                        "leave it out.",
                        unit_of(dataset.reads), name, batch_size);
    }
    groups.push_back(found->second);
  }
  if (sizes.size() == dataset.train.size()) {
    throw ConfigError("train",
                      "--group-by name: each of the {} training {} has a name of its own. It is for data where names "
                      "come again in other classes, as left/0012.mp4 and right/0012.mp4. Leave it out.",
                      dataset.train.size(), unit_of(dataset.reads));
  }
  return groups;
}

std::vector<std::int64_t> epoch_order(const Source& source, std::int64_t batch_size, std::uint64_t seed,
                                      std::int64_t epoch, const std::vector<std::int64_t>& groups) {
  const auto key = static_cast<std::uint64_t>(epoch);
  if (!groups.empty()) return grouped_order(groups, batch_size, Random(seed).fork("order").fork(key));
  auto order =
      shuffled_order<std::int64_t>(static_cast<std::size_t>(source.size()), Random(seed).fork("order").fork(key));
  if (source.floats() > 0) return order;

  const std::int64_t whole = source.size() / batch_size * batch_size, window = kWindow * batch_size;
  const auto by_length = [&](std::int64_t a, std::int64_t b) { return source.length(a) < source.length(b); };
  for (std::int64_t begin = 0; begin < whole; begin += window) {
    const auto end = order.begin() + std::min(begin + window, whole);
    std::stable_sort(order.begin() + begin, end, by_length);
  }
  const auto batches = shuffled_order<std::int64_t>(static_cast<std::size_t>(whole / batch_size),
                                                    Random(seed).fork("batches").fork(key));
  std::vector<std::int64_t> result;
  result.reserve(order.size());
  for (const std::int64_t batch : batches) {
    const auto begin = order.begin() + batch * batch_size;
    result.insert(result.end(), begin, begin + batch_size);
  }
  result.insert(result.end(), order.begin() + whole, order.end());
  return result;
}

std::vector<std::int64_t> order_by_length(const Source& source) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(source.size()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::ranges::stable_sort(order, {}, [&](std::int64_t i) { return source.length(i); });
  return order;
}

}  // namespace graft::data
