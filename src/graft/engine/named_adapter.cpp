#include "graft/engine/named_adapter.h"

#include <charconv>
#include <cmath>
#include <system_error>

#include "graft/core/error.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;

bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

NamedAdapter named_adapter(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0 || is_there(text)) return {text};
  const auto folder = text.substr(0, colon), number = text.substr(colon + 1);
  if (!is_there(folder)) return {text};
  double scale = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), scale);
  if (error != std::errc() || end != number.data() + number.size() || !std::isfinite(scale)) {
    throw UsageError(
        "adapter",
        "{}: '{}' is no number. What a run changes is multiplied by what stands behind the colon, as in {}:0.7.", text,
        number, folder);
  }
  return {folder, scale};
}

std::vector<NamedAdapter> named_adapters(const std::string& text) {
  std::vector<NamedAdapter> all;
  std::string name;
  for (size_t begin = 0; begin <= text.size();) {
    const auto plus = std::min(text.find('+', begin), text.size());
    const auto last = plus == text.size();
    name += text.substr(begin, plus - begin);
    begin = plus + 1;
    // A plus may be part of a folder's name.
    if (const auto named = named_adapter(name); last || is_there(named.folder.string())) {
      all.push_back(named);
      name.clear();
    } else {
      name += '+';
    }
  }
  return all;
}

fs::path adapter_folder(const fs::path& named) {
  return named_adapters(named.string()).front().folder;
}

}  // namespace graft::engine
