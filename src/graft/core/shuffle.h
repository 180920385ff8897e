// A random order (Fisher & Yates 1938, as Durstenfeld 1964 does it): each is as likely, and hangs on the stream alone.
#pragma once

#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "graft/core/random.h"

namespace graft {

template <class Items>
void shuffle(Items& items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[random.below(i)]);
}

// 0 to count - 1.
template <class Index = std::size_t>
std::vector<Index> shuffled_order(std::size_t count, Random random) {
  std::vector<Index> order(count);
  std::iota(order.begin(), order.end(), Index{0});
  shuffle(order, random);
  return order;
}

}  // namespace graft
