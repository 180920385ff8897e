#include "graft/detection/format.h"

#include <fmt/ranges.h>

#include <algorithm>

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

namespace {

const Format* first_that_recognises(const std::filesystem::path& path) {
  const auto found = std::ranges::find_if(formats(), [&](const Format* format) { return format->recognises(path); });
  return found == formats().end() ? nullptr : *found;
}

}  // namespace

Place place_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw FileError("detection", "{}: is not there. Is the path right?", path.string());
  if (const Format* format = first_that_recognises(path)) return {path, *format};
  std::vector<Place> inside;
  std::vector<std::string> names;
  if (std::filesystem::is_directory(path, error)) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (!entry.is_regular_file()) continue;
      const Format* format = first_that_recognises(entry.path());
      if (format == nullptr) continue;
      inside.push_back({entry.path(), *format});
      names.push_back(entry.path().filename().string());
    }
  }
  if (inside.size() == 1) return inside.front();
  std::ranges::sort(names);
  if (!inside.empty())
    throw DataError("detection", "{}: holds {} sets, {}: name one of them.", path.string(), names.size(),
                    fmt::join(names, ", "));
  std::vector<std::string_view> known;
  for (const Format* format : formats())
    known.push_back(format->name);
  throw DataError("detection", "{}: looks like none of {}. --format names one.", path.string(), fmt::join(known, ", "));
}

Set read_set(const std::filesystem::path& path, Findings& findings, const std::string& format,
             const ReadOptions& options) {
  if (!format.empty()) return find_format(format).read(path, options, findings);
  const auto [file, found] = place_of(path);
  return found.read(file, options, findings);
}

}  // namespace graft::detection
