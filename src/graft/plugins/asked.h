// The text that names plug-ins with their options, one reader for all kinds: "focal:gamma=1",
// "mixup:alpha=0.2,prob=0.5,cutmix", "nonlocal:at=layer3.1,layer3.3,se".
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/asked_option.h"
#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/core/registry.h"

namespace graft::plugins {

template <class Entry>
struct Asked {
  const Entry* entry;
  OptionValues values;
};

// What one kind of plug-in is called: in an error's place, in its text, and as an example of how one is asked for.
struct AskedKind {
  const char* where;     // "mix"
  const char* one;       // "mixing"
  const char* expected;  // "a mixing with its options, as in mixup:alpha=0.2,cutmix"
  bool lists = false;    // an option may hold several values with commas between
};

// An item "name" or "name:option=value" begins a plug-in; "option=value" goes on with the one before it, and with
// `lists` what is neither an option nor a name goes on with the value before it. UsageError for a name that none has,
// with the nearest; ConfigError for an option that is none or is set twice. Empty for an empty text.
template <class Entry>
std::vector<Asked<Entry>> read_asked(const AskedKind& kind, const std::vector<const Entry*>& entries,
                                     std::string_view text) {
  std::vector<Asked<Entry>> asked;
  std::string* last = nullptr;  // the value that was read last
  const auto is_name = [&](std::string_view item) {
    return std::ranges::any_of(entries, [&](const auto* entry) { return entry->name == item; });
  };
  while (!text.empty()) {
    auto item = next_item(text);
    const size_t colon = item.find(':');
    const bool begins = colon != std::string_view::npos || item.find('=') == std::string_view::npos;
    if (kind.lists && last && begins && colon == std::string_view::npos && !is_name(item)) {
      last->append(",").append(item);
      continue;
    }
    if (begins) {
      asked.push_back({&find_named(kind.where, kind.one, entries, item.substr(0, colon)), {}});
      last = nullptr;
      if (colon == std::string_view::npos) continue;
      item.remove_prefix(colon + 1);
    }
    if (asked.empty() || !is_option(item)) throw ConfigError(kind.where, "'{}': expected {}.", item, kind.expected);
    last = &set_option(asked.back().values, item, kind.where, asked.back().entry->name);
  }
  return asked;
}

}  // namespace graft::plugins
