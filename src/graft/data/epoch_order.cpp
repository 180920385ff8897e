#include "graft/data/epoch_order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "graft/core/random.h"

namespace graft::data {
namespace {

// Batches that are sorted together: more waste less, and leave less to chance.
constexpr std::int64_t kWindow = 32;

void shuffle(std::vector<std::int64_t>& order, Random random) {
  for (std::size_t i = order.size(); i-- > 1;)
    std::swap(order[i], order[random.below(i + 1)]);
}

std::vector<std::int64_t> all_places(std::int64_t size) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(size));
  std::iota(places.begin(), places.end(), std::int64_t{0});
  return places;
}

}  // namespace

std::vector<std::int64_t> epoch_order(const Source& source, std::int64_t batch_size, std::uint64_t seed,
                                      std::int64_t epoch) {
  const auto key = static_cast<std::uint64_t>(epoch);
  std::vector<std::int64_t> order = all_places(source.size());
  shuffle(order, Random(seed).fork("order").fork(key));
  if (source.floats() > 0) return order;

  const std::int64_t whole = source.size() / batch_size * batch_size, window = kWindow * batch_size;
  const auto by_length = [&](std::int64_t a, std::int64_t b) { return source.length(a) < source.length(b); };
  for (std::int64_t begin = 0; begin < whole; begin += window) {
    const auto end = order.begin() + std::min(begin + window, whole);
    std::stable_sort(order.begin() + begin, end, by_length);
  }
  std::vector<std::int64_t> batches = all_places(whole / batch_size);
  shuffle(batches, Random(seed).fork("batches").fork(key));
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
  std::vector<std::int64_t> order = all_places(source.size());
  std::ranges::stable_sort(order, {}, [&](std::int64_t i) { return source.length(i); });
  return order;
}

}  // namespace graft::data
