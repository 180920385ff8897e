#include "graft/nn/site.h"

#include <string_view>

#include "graft/core/error.h"

namespace graft::nn {
namespace {

bool glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (size_t skip = 0; skip <= text.size(); ++skip) {
      if (glob(pattern.substr(1), text.substr(skip))) return true;
    }
    return false;
  }
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         glob(pattern.substr(1), text.substr(1));
}

bool matches_item(std::string_view item, std::string_view path) {
  for (size_t begin = 0; begin != std::string_view::npos;) {
    if (glob(item, path.substr(begin))) return true;
    const size_t dot = path.find('.', begin);
    begin = dot == std::string_view::npos ? dot : dot + 1;
  }
  return false;
}

}  // namespace

std::string to_string(SiteKind kind) {
  switch (kind) {
    case SiteKind::linear:
      return "linear";
    case SiteKind::convolution:
      return "convolution";
    case SiteKind::sublayer:
      return "sub-layer";
    case SiteKind::tokens:
      return "tokens";
    case SiteKind::key_values:
      return "keys and values";
    case SiteKind::maps:
      return "maps";
    case SiteKind::words:
      return "words";
    case SiteKind::head:
      return "head";
  }
  GRAFT_ASSERT(false);
}

std::string to_string(Tower tower) {
  switch (tower) {
    case Tower::vision:
      return "vision";
    case Tower::text:
      return "text";
    case Tower::head:
      return "head";
  }
  GRAFT_ASSERT(false);
}

bool matches(const std::string& pattern, const std::string& path) {
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    if (!item.empty() && matches_item(item, path)) return true;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return false;
}

}  // namespace graft::nn
