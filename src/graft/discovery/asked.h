// The text that names a way of doing a step with its options: "tokencut", "tokencut:tau=0.3,eps=1e-6", and where a way
// is mostly told one thing, that alone, before its options: "folder:masks/", "model:net.onnx,side=320".
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/asked_option.h"
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
    // A file's name may hold commas and =: options are what is known as such, from the end on.
    const auto options = asked.entry.options();
    const auto is_known = [&](std::string_view item) {
      const auto name = item.substr(0, item.find('='));
      return is_option(item) && name != asked.entry.alone &&
             std::ranges::any_of(options, [&](const auto& option) { return option.name == name; });
    };
    for (size_t comma = rest.rfind(','); comma != std::string_view::npos && is_known(rest.substr(comma + 1));
         comma = rest.rfind(',')) {
      set_option(asked.values, rest.substr(comma + 1), where, asked.entry.name);
      rest = rest.substr(0, comma);
    }
    asked.values[asked.entry.alone] = rest;
    return asked;
  }
  while (!rest.empty()) {
    const auto item = next_item(rest);
    if (!is_option(item))
      throw ConfigError(where, "'{}': expected option=value, as in {}:option=value.", item, asked.entry.name);
    set_option(asked.values, item, where, asked.entry.name);
  }
  return asked;
}

}  // namespace graft::discovery
