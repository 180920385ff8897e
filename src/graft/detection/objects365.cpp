#include "graft/detection/objects365.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "graft/text/text_file.h"

namespace graft::detection {
namespace {

std::string without_case(std::string_view name) {
  std::string lower(text::trimmed(name));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

// The first class' id and how many stand where the version has them.
std::pair<std::int64_t, std::size_t> fit(const std::vector<Category>& categories, int version) {
  const auto& names = objects365_names(version);
  std::pair<std::int64_t, std::size_t> best{1, 0};
  for (const std::int64_t first : {1, 0}) {
    const auto fitting = std::ranges::count_if(categories, [&](const Category& category) {
      const std::int64_t at = category.id - first;
      return at >= 0 && at < std::ssize(names) &&
             without_case(names[static_cast<std::size_t>(at)]) == without_case(category.name);
    });
    if (std::cmp_greater(fitting, best.second)) best = {first, static_cast<std::size_t>(fitting)};
  }
  return best;
}

}  // namespace

const std::vector<std::string>& objects365_names(int version) {
  static constexpr std::string_view kFirst =
#include "graft/detection/objects365_v1_names.inc"
      ;
  static constexpr std::string_view kSecond =
#include "graft/detection/objects365_v2_names.inc"
      ;
  static const std::vector<std::string> kNames[] = {text::trimmed_lines(kFirst), text::trimmed_lines(kSecond)};
  return kNames[version == 1 ? 0 : 1];
}

std::optional<Objects365> objects365_of(const std::vector<Category>& categories) {
  constexpr std::size_t kFewest = 10, kMany = 300;
  const auto most = [&](std::size_t count) { return 10 * count >= 9 * categories.size(); };
  if (categories.size() < kFewest) return std::nullopt;
  for (const int version : {1, 2})
    if (const auto [first, fitting] = fit(categories, version); most(fitting))
      return Objects365{version, first, fitting};
  if (categories.size() < kMany) return std::nullopt;
  std::set<std::string> names;
  for (const int version : {1, 2})
    for (const auto& name : objects365_names(version))
      names.insert(without_case(name));
  const auto called = static_cast<std::size_t>(std::ranges::count_if(
      categories, [&](const Category& category) { return names.contains(without_case(category.name)); }));
  return most(called) ? std::optional(Objects365{0, 0, called}) : std::nullopt;
}

}  // namespace graft::detection
