#include "graft/cli/named_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/quantities.h"
#include "graft/detection/format.h"

namespace graft::cli {

std::vector<NamedPath> named_paths(const std::vector<std::string>& words, const std::string& where) {
  std::vector<NamedPath> all;
  std::set<std::string> names;
  for (const auto& word : words) {
    const auto colon = word.find(':');
    NamedPath one;
    std::error_code error;
    if (colon != std::string::npos && colon > 0 && !std::filesystem::exists(word, error) && word.find('/') > colon) {
      one = {word.substr(0, colon), word.substr(colon + 1)};
    } else {
      auto path = std::filesystem::path(word);
      if (!path.has_filename()) path = path.parent_path();  // "b/"
      std::string name = path.filename().string();
      one = {name.substr(0, name.find('.', 1)), word};
    }
    if (!names.insert(one.name).second)
      throw UsageError(where, "two sets are called '{}'. A name before the path tells them apart: first:{}", one.name,
                       word);
    all.push_back(std::move(one));
  }
  return all;
}

std::map<std::string, std::filesystem::path> image_folders(const std::vector<std::string>& words,
                                                           const std::vector<NamedPath>& sets,
                                                           const std::string& where) {
  std::map<std::string, std::filesystem::path> folders;
  for (const auto& set : sets)
    folders[set.name];
  for (const auto& folder : named_paths(words, where)) {
    const auto found = folders.find(folder.name);
    if (found == folders.end())
      throw UsageError(where,
                       "--images names '{}', and no set is called so. The sets' names stand before their paths: {}:DIR",
                       folder.name, sets.empty() ? "NAME" : sets.front().name);
    if (!std::filesystem::is_directory(folder.path))
      throw DataError(where, "--images {}: {} is no folder.", folder.name, folder.path.string());
    found->second = folder.path;
  }
  return folders;
}

std::string twin_name(const std::string& set_name, const detection::Set& set, std::size_t image) {
  const auto& one = set.images[image];
  return set_name + ": " + (one.file.empty() ? fmt::format("{}", one.id) : one.file);
}

std::string_view words_of(detection::SamePhoto::By by) {
  using By = detection::SamePhoto::By;
  return by == By::content ? "the same bytes" : by == By::url ? "of one URL" : "look the same";
}

void tell(const detection::Findings& findings, const std::string& file, Terminal& terminal) {
  using detection::Severity;
  for (const auto severity : {Severity::left_out, Severity::wrong, Severity::suspicion}) {
    for (const auto& [kind, finding] : findings.kinds()) {
      if (finding.severity == severity)
        terminal.note({fmt::format("{}: {} {}{}, the first: {}", file, finding.count, kind,
                                   severity == Severity::left_out ? " left out" : "", finding.examples.front())});
    }
  }
}

std::string size_words(const detection::Set& set) {
  const auto count = [](std::size_t number) { return format_count(static_cast<int64_t>(number)); };
  return fmt::format("{} images · {} boxes · {} classes", count(set.images.size()), count(set.annotations.size()),
                     count(set.categories.size()));
}

detection::Set read_whole(const NamedPath& named, const std::string& format, Terminal& terminal) {
  detection::Findings findings;
  auto set = detection::read_set(named.path, findings, format);
  findings.refuse(named.path.string());
  tell(findings, named.path.string(), terminal);
  terminal.line(named.name, size_words(set));
  return set;
}

detection::Set read_whole(const std::string& word, const std::string& format, Terminal& terminal) {
  return read_whole(named_paths({word}, "data").front(), format, terminal);
}

std::vector<bool> named_classes(const detection::Set& set, const std::vector<std::string>& names,
                                const std::string& where) {
  std::vector<std::string> known;
  for (const auto& category : set.categories)
    known.push_back(category.name);
  std::vector<bool> named(known.size());
  for (const auto& name : names) {
    if (std::ranges::find(known, name) == known.end())
      throw UsageError(where, "--classes: {}", unknown_name("class", name, known));
    for (std::size_t k = 0; k < known.size(); ++k)
      if (known[k] == name) named[k] = true;
  }
  return named;
}

}  // namespace graft::cli
