// What texts that name a thing with its options are read by: "focal:gamma=1", "tokencut:tau=0.3,eps=1e-6".
#pragma once

#include <string>
#include <string_view>

#include "graft/core/error.h"
#include "graft/core/options.h"

namespace graft {

// Takes the text's next item, up to a comma, away from it.
inline std::string_view next_item(std::string_view& text) {
  const size_t comma = text.find(',');
  const auto item = text.substr(0, comma);
  text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  return item;
}

// Whether an item has the form "option=value".
inline bool is_option(std::string_view item) {
  const size_t equals = item.find('=');
  return equals != std::string_view::npos && equals > 0;
}

// Puts such an item among the values of the thing `name`. ConfigError at `where` for an option that is set twice.
inline std::string& set_option(OptionValues& values, std::string_view item, std::string_view where,
                               std::string_view name) {
  const size_t equals = item.find('=');
  const std::string option(item.substr(0, equals));
  const auto [value, is_new] = values.try_emplace(option, item.substr(equals + 1));
  if (!is_new) throw ConfigError(where, "'{}' of {} is set twice.", option, name);
  return value->second;
}

}  // namespace graft
