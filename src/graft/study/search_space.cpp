#include "graft/study/search_space.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/printable.h"
#include "graft/core/random.h"

namespace graft::study {
namespace {

constexpr uint64_t kStream = 20120101;  // configurations do not change with a study's seeds

bool is_whole(const std::string& text) {
  const size_t sign = text.starts_with('-') ? 1 : 0;
  return text.size() > sign && text.find_first_not_of("0123456789", sign) == std::string::npos;
}

// The entries of one range: its values under "", or low, high and scale.
Range read_range(const std::string& option, const OptionValues& entries, std::vector<std::string>& wrong) {
  Range range{.option = option};
  const auto bad = [&](const std::string& what) { wrong.push_back(fmt::format("search: {}: {}", option, what)); };
  if (const auto list = entries.find(""); list != entries.end()) {
    option::parse("", "", list->second, range.listed);
    if (range.listed.empty()) bad("expected values, as in [2, 4, 8].");
    return range;
  }
  for (const auto& [name, value] : entries) {
    if (name == "scale") {
      if (value != "log" && value != "linear")
        bad(fmt::format("scale: {}", unknown_name("scale", value, {"log", "linear"})));
      range.log = value == "log";
    } else if (name != "low" && name != "high") {
      bad(unknown_name("key", name, {"low", "high", "scale"}));
    }
  }
  const auto low = entries.find("low"), high = entries.find("high");
  if (low == entries.end() || high == entries.end()) {
    bad("expected a list of values, or {low: 1e-4, high: 0.1, scale: log}.");
    return range;
  }
  try {
    option::parse("search", "low", low->second, range.low);
    option::parse("search", "high", high->second, range.high);
  } catch (const ConfigError&) {
    bad(fmt::format("expected numbers for low and high, got '{}' and '{}'.", printable(low->second),
                    printable(high->second)));
    return range;
  }
  range.whole = is_whole(low->second) && is_whole(high->second);
  if (!(range.low < range.high)) bad(fmt::format("low {} is not below high {}.", range.low, range.high));
  if (range.log && !(range.low > 0)) bad(fmt::format("scale: log: expected low above 0, got {}.", range.low));
  return range;
}

std::string draw(const Range& range, Random random) {
  if (!range.listed.empty()) return range.listed[random.below(range.listed.size())];
  if (range.whole && !range.log) {
    const auto count = static_cast<uint64_t>(range.high - range.low) + 1;
    return option::print(static_cast<int64_t>(range.low) + static_cast<int64_t>(random.below(count)));
  }
  const double value = range.log ? std::exp(random.uniform(std::log(range.low), std::log(range.high)))
                                 : random.uniform(range.low, range.high);
  if (range.whole) return option::print(static_cast<int64_t>(std::llround(value)));
  const double rounded = std::stod(fmt::format("{:.2e}", value));
  return option::print(std::clamp(rounded, range.low, range.high));
}

}  // namespace

std::vector<std::pair<SearchKind, std::string>> choices(SearchKind) {
  return {{SearchKind::random, "random"}, {SearchKind::halving, "halving"}};
}

std::string print(const Range& range) {
  if (!range.listed.empty()) return fmt::format("{} {}", range.option, fmt::join(range.listed, ", "));
  return fmt::format("{} {} to {}{}", range.option, option::print(range.low), option::print(range.high),
                     range.log ? " (log)" : "");
}

void read_space(const OptionValues& values, const std::vector<std::string>& methods, Search& search,
                std::vector<std::string>& wrong) {
  std::map<std::pair<std::string, std::string>, OptionValues> ranges;  // method or "", option
  for (const auto& [name, value] : values) {
    const bool of_method = std::find(methods.begin(), methods.end(), name.substr(0, name.find('.'))) != methods.end();
    const size_t method = of_method ? name.find('.') : std::string::npos;
    if (of_method && method == std::string::npos) {
      wrong.push_back(fmt::format("search: {}: expected its options, as in {{rank: [2, 4, 8]}}.", name));
      continue;
    }
    const std::string rest = of_method ? name.substr(method + 1) : name;
    // The last part is low, high or scale, or the option's own.
    const size_t dot = rest.rfind('.');
    const std::string last = dot == std::string::npos ? "" : rest.substr(dot + 1);
    const bool inner = last == "low" || last == "high" || last == "scale";
    const std::string option = inner ? rest.substr(0, dot) : rest;
    ranges[{of_method ? name.substr(0, method) : "", option}][inner ? last : ""] = value;
  }
  for (const auto& [key, entries] : ranges) {
    auto range = read_range(key.second, entries, wrong);
    (key.first.empty() ? search.space : search.own[key.first]).push_back(std::move(range));
  }
}

std::vector<Range> ranges_of(const Search& search, const std::string& method, const std::vector<std::string>& options) {
  std::vector<Range> ranges;
  if (const auto own = search.own.find(method); own != search.own.end()) ranges = own->second;
  for (const auto& range : search.space) {
    const auto same = [&](const Range& other) { return other.option == range.option; };
    const bool has = std::find(options.begin(), options.end(), range.option) != options.end();
    if (has && std::none_of(ranges.begin(), ranges.end(), same)) ranges.push_back(range);
  }
  return ranges;
}

OptionValues trial_options(const std::vector<Range>& ranges, const std::string& method, int64_t trial) {
  OptionValues values;
  if (trial <= 1) return values;
  for (const auto& range : ranges) {
    const Random random = Random(kStream).fork(method).fork(range.option).fork(static_cast<uint64_t>(trial));
    values[range.option] = draw(range, random);
  }
  return values;
}

}  // namespace graft::study
