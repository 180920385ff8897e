#include "graft/detection/findings.h"

#include <fmt/ranges.h>

#include "graft/core/error.h"

namespace graft::detection {

Finding& Findings::count(std::string_view kind, Severity severity) {
  auto place = kinds_.find(kind);
  if (place == kinds_.end()) place = kinds_.emplace(kind, Finding{severity, 0, {}}).first;
  ++place->second.count;
  return place->second;
}

std::size_t Findings::total(Severity severity) const {
  std::size_t total = 0;
  for (const auto& [kind, finding] : kinds_)
    if (finding.severity == severity) total += finding.count;
  return total;
}

void Findings::add_all(const Findings& others) {
  for (const auto& [kind, theirs] : others.kinds_) {
    auto& ours = kinds_.try_emplace(kind, Finding{theirs.severity, 0, {}}).first->second;
    ours.count += theirs.count;
    for (const auto& example : theirs.examples)
      if (ours.examples.size() < kShown) ours.examples.push_back(example);
  }
}

void Findings::refuse(std::string_view file, bool wrong_too) const {
  std::vector<std::string> lines;
  for (const auto& [kind, finding] : kinds_) {
    if (finding.severity == Severity::left_out || (wrong_too && finding.severity == Severity::wrong))
      lines.push_back(fmt::format("{} {}: {}", finding.count, kind, finding.examples.front()));
  }
  if (lines.empty()) return;
  throw DataError("detection",
                  "{}: not all of it can be used:\n  {}\n`graft data check {}` lists more; with --fix it writes a copy "
                  "of what can be used.",
                  file, fmt::join(lines, "\n  "), file);
}

}  // namespace graft::detection
