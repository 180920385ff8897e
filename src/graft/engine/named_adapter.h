// A run as a user names it where one is put on a model: "runs/a", "runs/a:0.7" for 0.7 times what it changes, and
// "runs/a:0.7+runs/b" for one on the other, the first being the inner. A path that is there is taken as it stands.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace graft::engine {

struct NamedAdapter {
  std::filesystem::path folder;  // of a run, or of an adapter alone
  double scale = 1;
};

// UsageError, "[adapter] ...", for a scale that is no finite number.
NamedAdapter named_adapter(const std::string& text);
std::vector<NamedAdapter> named_adapters(const std::string& text);  // at least one

// The folder of the first, whose head, classes and data are meant.
std::filesystem::path adapter_folder(const std::filesystem::path& named);

}  // namespace graft::engine
