#include "graft/data/mask_classes.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "graft/data/numbers.h"

namespace graft::data {
namespace {

bool is_void(const std::string& name) {
  constexpr std::string_view kVoid[] = {"void", "ignore", "unlabelled", "unlabeled"};
  return std::ranges::find(kVoid, name) != std::end(kVoid);
}

// "12 stop sign", "12: stop sign"
std::optional<std::pair<std::int64_t, std::string>> numbered(const std::string& line) {
  const auto end = line.find_first_of(" \t:");
  if (end == std::string::npos) return std::nullopt;
  const auto number = whole_number(line.substr(0, end));
  const auto begin = line.find_first_not_of(" \t:", end);
  if (!number || begin == std::string::npos) return std::nullopt;
  return std::pair(*number, line.substr(begin));
}

}  // namespace

MaskClasses mask_classes(const std::vector<std::string>& lines, const std::string& source, Problems& problems) {
  MaskClasses list;
  const bool has_numbers =
      !lines.empty() && std::ranges::all_of(lines, [](const std::string& line) { return numbered(line).has_value(); });
  if (!has_numbers) {
    list.names = lines;
    list.numbers = MaskNumbers::in_order(lines.size(), source);
  } else {
    list.numbers.place.fill(MaskNumbers::kUnknown);
    list.numbers.place[io::kIgnoredClass] = MaskNumbers::kIgnored;
    list.numbers.known = fmt::format("the {} that {} lists", lines.size(), source);
  }
  for (const std::string& line : has_numbers ? lines : std::vector<std::string>()) {
    const auto [number, name] = *numbered(line);
    if (number < 0 || number > io::kIgnoredClass) {
      problems.add("{}: the class '{}' has the number {}: expected 0 to 255.", source, name, number);
      continue;
    }
    int& place = list.numbers.place[static_cast<std::size_t>(number)];
    if (place >= 0) problems.add("{}: the number {} stands twice.", source, number);
    place = is_void(name) ? MaskNumbers::kIgnored : static_cast<int>(list.names.size());
    if (!is_void(name)) list.names.push_back(name);
  }
  std::set<std::string> unique;
  for (const std::string& name : list.names) {
    if (!unique.insert(name).second) problems.add("{}: the class '{}' is listed twice.", source, name);
  }
  if (list.names.size() < 2)
    problems.add("{}: {} to tell pixels apart by: expected two classes or more.", source,
                 list.names.empty() ? "no class" : "only the class '" + list.names.front() + "'");
  if (list.names.size() > kMostMaskClasses)
    problems.add("{}: {} classes, and a mask tells at most {} apart.", source, list.names.size(), kMostMaskClasses);
  return list;
}

}  // namespace graft::data
