#include "graft/detection/format.h"

#include <fmt/ranges.h>

#include "graft/core/error.h"
#include "graft/core/registry.h"

namespace graft::detection {

#define FORMAT(name)          \
  namespace name {            \
  extern const Format format; \
  }
#include "graft/detection/formats.def"
#undef FORMAT

const std::vector<const Format*>& formats() {
  static const std::vector<const Format*> kFormats = {
#define FORMAT(name) &name::format,
#include "graft/detection/formats.def"
#undef FORMAT
  };
  return kFormats;
}

const Format& find_format(std::string_view name) {
  return find_named("detection", "format", formats(), name);
}

const Format& format_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw FileError("detection", "{}: is not there. Is the path right?", path.string());
  std::vector<std::string_view> known;
  for (const Format* format : formats()) {
    if (format->recognises(path)) return *format;
    known.push_back(format->name);
  }
  throw DataError("detection", "{}: looks like none of {}. --format names one.", path.string(), fmt::join(known, ", "));
}

Set read_set(const std::filesystem::path& path, Findings& findings, const std::string& format,
             const ReadOptions& options) {
  const Format& found = format.empty() ? format_of(path) : find_format(format);
  return found.read(path, options, findings);
}

}  // namespace graft::detection
