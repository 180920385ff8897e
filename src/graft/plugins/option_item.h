// "option=value" in the text that names a plug-in: "focal:gamma=1", "mixup:alpha=0.2,prob=0.5".
#pragma once

#include <string>
#include <string_view>

#include "graft/core/error.h"
#include "graft/core/options.h"

namespace graft::plugins {

// Adds an item, and gives its value. ConfigError at `where` for one that is none (`expected` says what would be), and
// for an option that was there.
inline std::string& add_option(std::string_view where, std::string_view item, std::string_view expected,
                               OptionValues& values) {
  const size_t equals = item.find('=');
  if (equals == std::string_view::npos || equals == 0) throw ConfigError(where, "'{}': expected {}.", item, expected);
  const auto [value, is_new] = values.try_emplace(std::string(item.substr(0, equals)), item.substr(equals + 1));
  if (!is_new) throw ConfigError(where, "'{}' is set twice.", item.substr(0, equals));
  return value->second;
}

}  // namespace graft::plugins
