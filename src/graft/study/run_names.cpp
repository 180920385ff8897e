#include "graft/study/run_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/printable.h"

namespace graft::study {
namespace {

namespace fs = std::filesystem;

// "seed3", "lora-seed_03": what stands before the seed, and the seed.
const std::regex kSeed("(.*?)[-_. ]*seed[-_ ]*([0-9]{1,15})", std::regex::icase);
const std::regex kNumbers[] = {
    std::regex("(?:.*[^a-z0-9])?seed[-_ ]*([0-9]{1,15})(?:[^a-z0-9].*)?", std::regex::icase),
    std::regex("(?:.*[^a-z0-9])?(?:s|run)[-_ ]*([0-9]{1,15})", std::regex::icase),
    std::regex("(?:.*[-_. ])?([0-9]{1,15})"),
};
const std::regex kAllSeed("(?:seed|s|run|fold)?[-_ ]*[0-9]{1,15}", std::regex::icase);

std::optional<int64_t> number_in(const std::string& name) {
  std::smatch match;
  for (const auto& pattern : kNumbers) {
    if (!std::regex_match(name, match, pattern)) continue;
    int64_t number = 0;
    const std::string digits = match[1];
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  return {};
}

// A file, as it is told from others.
struct FilePlace {
  fs::path folder;  // of the method
  std::string name;
};

bool all_distinct(const std::vector<FilePlace>& places) {
  std::set<std::string> names;
  for (const auto& place : places)
    names.insert(place.name);
  return names.size() == places.size();
}

bool holds_others(const fs::path& folder, const std::set<fs::path>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&](const fs::path& other) {
    const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), other.begin(), other.end());
    return other != folder && end == folder.end();
  });
}

struct MethodRun {
  std::string method, run;
};

// A method's name is its folder's, where there are several and their names do not say that they are runs.
std::vector<MethodRun> names_of(const std::vector<fs::path>& files) {
  std::vector<FilePlace> places;
  for (const auto& file : files) {
    const auto whole = fs::absolute(file).lexically_normal();
    places.push_back({whole.parent_path(), whole.stem().string()});
  }
  const bool one_name = places.size() > 1 && std::all_of(places.begin(), places.end(), [&](const FilePlace& place) {
                          return place.name == places.front().name;
                        });
  if (one_name) {  // runs/lora/predictions.jsonl
    for (auto& place : places)
      place = {place.folder.parent_path(), place.folder.filename().string()};
  }
  std::set<fs::path> folders;
  for (const auto& place : places)
    folders.insert(place.folder);
  std::map<fs::path, size_t> seeds;  // of a folder, how many of its names are seeds
  for (const auto& place : places)
    seeds[place.folder] += std::regex_match(place.name, kAllSeed);
  const bool all_seeds = std::any_of(seeds.begin(), seeds.end(), [](const auto& one) { return one.second > 1; }) ||
                         std::all_of(places.begin(), places.end(),
                                     [](const FilePlace& place) { return std::regex_match(place.name, kAllSeed); });
  std::vector<MethodRun> named;
  if (folders.size() > 1 && (!one_name || !all_distinct(places) || all_seeds)) {
    std::map<std::string, fs::path> by_name;
    for (const auto& place : places) {
      if (holds_others(place.folder, folders)) {  // lora/predictions.jsonl theirs.csv
        named.push_back({place.name, place.name});
        continue;
      }
      const auto method = place.folder.filename().string();
      const auto [other, is_new] = by_name.try_emplace(method, place.folder);
      if (!is_new && other->second != place.folder) {
        throw ConfigError("compare",
                          "two folders are called '{}', and a folder's name is its method's: {} and {}. "
                          "Give one another name.",
                          printable(method), printable(other->second.string()), printable(place.folder.string()));
      }
      named.push_back({method, place.name});
    }
    return named;
  }
  // All with a seed, or several of a method and others without one.
  std::smatch match;
  std::map<std::string, size_t> runs;
  size_t without = 0;
  for (const auto& place : places) {
    const bool seeded = std::regex_match(place.name, match, kSeed) && match[1].length() > 0;
    without += !seeded;
    if (seeded) ++runs[match[1]];
    named.push_back({seeded ? match[1].str() : place.name, place.name});
  }
  const bool several = std::any_of(runs.begin(), runs.end(), [](const auto& one) { return one.second > 1; });
  if (without == 0 || several) return named;
  for (auto& one : named)
    one.method = one.run;
  return named;
}

using Runs = std::vector<std::pair<std::string, std::vector<std::string>>>;  // of each method

[[noreturn]] void refuse_pairs(const Runs& runs) {
  std::string lines;
  for (const auto& [method, names] : runs) {
    std::vector<std::string> shown;
    for (const auto& name : names)
      shown.push_back(printable(name));
    lines += fmt::format("\n  {}: {} ({})", printable(method), names.size(), fmt::join(shown, ", "));
  }
  throw ConfigError("compare",
                    "runs of these methods are no pairs: each needs the same ones, by name or by the seed in "
                    "it (seed3, s03, _3), or one file that is called by no seed. There are{}",
                    lines);
}

}  // namespace

RunNames name_runs(const std::vector<fs::path>& files) {
  const auto named = names_of(files);
  Runs runs;
  for (size_t i = 0; i < named.size(); ++i) {
    auto found = std::find_if(runs.begin(), runs.end(), [&](const auto& one) { return one.first == named[i].method; });
    if (found == runs.end()) found = runs.insert(runs.end(), {named[i].method, {}});
    if (std::count(found->second.begin(), found->second.end(), named[i].run) > 0) {
      throw ConfigError("compare", "{}: the run '{}' of '{}' is given twice.", printable(files[i].string()),
                        printable(named[i].run), printable(named[i].method));
    }
    found->second.push_back(named[i].run);
  }
  if (runs.size() < 2) {
    throw ConfigError("compare",
                      "there is one method, '{}', and nothing to compare it with: give files of two methods, "
                      "one folder each or one file each.",
                      printable(runs.empty() ? "" : runs.front().first));
  }
  RunNames out;
  for (const auto& [method, own] : runs)
    out.methods.push_back(method);
  const bool single = std::all_of(runs.begin(), runs.end(), [](const auto& one) { return one.second.size() == 1; });
  if (single) {
    for (const auto& one : named)
      out.runs.push_back({one.method, 0});
    out.seeds = {0};
    out.said = "one run each, compared example by example";
    return out;
  }
  // The only run of a method that is called by no seed goes with each run of the others.
  const auto all = std::exchange(runs, {});
  for (const auto& one : all) {
    const auto& only = one.second.front();
    if (one.second.size() == 1 && (only == one.first || !number_in(only))) {
      out.once.insert(one.first);
    } else {
      runs.push_back(one);
    }
  }
  const auto set_of = [](const std::vector<std::string>& names) {
    return std::set<std::string>(names.begin(), names.end());
  };
  const auto first = set_of(runs.front().second);
  const bool by_name =
      std::all_of(runs.begin(), runs.end(), [&](const auto& one) { return set_of(one.second) == first; });
  const auto numbers_of = [](const std::vector<std::string>& names) {
    std::set<int64_t> numbers;
    for (const auto& name : names) {
      if (const auto number = number_in(name)) numbers.insert(*number);
    }
    return numbers.size() == names.size() ? numbers : std::set<int64_t>();
  };
  const auto numbers = numbers_of(runs.front().second);
  const bool by_number = !numbers.empty() && std::all_of(runs.begin(), runs.end(), [&](const auto& one) {
    return numbers_of(one.second) == numbers;
  });
  if (!by_name && !by_number) refuse_pairs(all);
  std::map<std::string, int64_t> place;  // of runs without numbers: as their names sort
  for (const auto& name : first)
    place.emplace(name, static_cast<int64_t>(place.size()) + 1);
  for (const auto& one : named) {
    const bool once = out.once.count(one.method) > 0;
    out.runs.push_back({one.method, once ? 0 : by_number ? *number_in(one.run) : place.at(one.run)});
  }
  if (by_number) {
    out.seeds.assign(numbers.begin(), numbers.end());
  } else {
    for (const auto& [name, number] : place)
      out.seeds.push_back(number);
  }
  out.said = by_name
                 ? fmt::format("runs of one name are a pair: {}", printable(fmt::format("{}", fmt::join(first, ", "))))
                 : fmt::format("runs of one number are a pair: {}", fmt::join(out.seeds, ", "));
  if (out.once.empty()) return out;
  const auto alone =
      fmt::format("the one run of {} goes with each", printable(fmt::format("{}", fmt::join(out.once, ", "))));
  out.said = runs.size() > 1 ? fmt::format("{}; {}", out.said, alone)
                             : fmt::format("{} of {}'s", alone, printable(runs.front().first));
  return out;
}

}  // namespace graft::study
