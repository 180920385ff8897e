// Finding an entry of a registry (a .def list made a vector) by the name that somebody typed.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/names.h"

namespace graft {

// `entries`: entries with a `name`, or pointers to such. UsageError at `where` when none has this name: `what` it was
// looked for as, the nearest name, and all names in order.
template <class Entries>
const auto& find_named(std::string_view where, std::string_view what, const Entries& entries, std::string_view name) {
  const auto entry_of = [](const auto& element) -> const auto& {
    if constexpr (std::is_pointer_v<std::decay_t<decltype(element)>>) {
      return *element;
    } else {
      return element;
    }
  };
  std::vector<std::string> known;
  for (const auto& element : entries) {
    if (entry_of(element).name == name) return entry_of(element);
    known.emplace_back(entry_of(element).name);
  }
  std::sort(known.begin(), known.end());
  throw UsageError(where, "{}", unknown_name(what, name, known));
}

}  // namespace graft
