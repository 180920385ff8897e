// The text that names a way of doing a step with its options: "tokencut", "tokencut:tau=0.3,eps=1e-6", and where a way
// is mostly told one thing, that alone: "folder:masks/".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/core/registry.h"

namespace graft::discovery {

template <class Entry>
struct Asked {
  const Entry& entry;
  OptionValues values;
};

// `where` begins the messages, `what` is the kind in words. UsageError for a name that none has, with the nearest;
// ConfigError for what is no option=value.
template <class Entry>
Asked<Entry> read_asked(std::string_view where, std::string_view what, const std::vector<const Entry*>& entries,
                        std::string_view text) {
  const size_t colon = text.find(':');
  Asked<Entry> asked{find_named(where, what, entries, text.substr(0, colon)), {}};
  std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (!rest.empty() && *asked.entry.alone) {
    asked.values[asked.entry.alone] = rest;
    return asked;
  }
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const auto item = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    const size_t equals = item.find('=');
    if (equals == std::string_view::npos || equals == 0)
      throw ConfigError(where, "'{}': expected option=value, as in {}:option=value.", item, asked.entry.name);
    const std::string option(item.substr(0, equals));
    if (!asked.values.try_emplace(option, item.substr(equals + 1)).second)
      throw ConfigError(where, "'{}' of {} is set twice.", option, asked.entry.name);
  }
  return asked;
}

}  // namespace graft::discovery
