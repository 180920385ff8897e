#include "graft/detection/unknown_names.h"

#include "graft/core/printable.h"

namespace graft::detection {

void UnknownNames::see(std::string_view of, std::string_view name) {
  auto place = counts_.find(of);
  if (place == counts_.end()) place = counts_.try_emplace(std::string(of)).first;
  auto count = place->second.find(name);
  if (count == place->second.end()) count = place->second.try_emplace(std::string(name), 0).first;
  ++count->second;
}

void UnknownNames::note(Findings& findings, std::string_view kind, std::string_view fate) const {
  for (const auto& [of, names] : counts_)
    for (const auto& [name, count] : names)
      findings.add(kind, Severity::note, "{}{} {} ({} {})", of, printable(name), fate, count,
                   count == 1 ? "time" : "times");
}

}  // namespace graft::detection
