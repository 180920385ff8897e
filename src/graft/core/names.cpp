#include "graft/core/names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace graft {
namespace {

// Optimal string alignment distance: insertions, deletions, replacements, swaps of neighbours.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      const size_t replace = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view typed, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  size_t best_distance = 0;
  for (const auto& name : known) {
    const size_t longer = std::max(typed.size(), name.size());
    const size_t distance = edit_distance(typed, name);
    const bool near = distance <= std::max<size_t>(1, longer / 3) && distance < longer;
    if (near && (!best || distance < best_distance)) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string unknown_name(std::string_view what, std::string_view typed, const std::vector<std::string>& known) {
  std::vector<std::string> sorted = known;
  std::sort(sorted.begin(), sorted.end());
  const auto near = nearest_name(typed, known);
  constexpr size_t kMany = 100;  // nobody reads more: those that hold the word, else the first
  std::string more;
  if (sorted.size() > kMany) {
    std::vector<std::string> alike;
    std::copy_if(sorted.begin(), sorted.end(), std::back_inserter(alike),
                 [&](const std::string& name) { return !typed.empty() && name.find(typed) != std::string::npos; });
    if (alike.empty()) alike = sorted;
    alike.resize(std::min<size_t>(alike.size(), 20));
    more = fmt::format(" and {} more", sorted.size() - alike.size());
    sorted = std::move(alike);
  }
  return fmt::format("no {} '{}'.{} Known: {}{}.", what, typed, near ? fmt::format(" Did you mean '{}'?", *near) : "",
                     fmt::join(sorted, ", "), more);
}

}  // namespace graft
