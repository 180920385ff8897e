// A small data set in every format that the registry lists, all of the same contents: the classes cat and dog, of each
// two examples to train on, one to choose on and one to test. Where captions are told, they say the class.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include "graft/data/dataset.h"
#include "tests/support/temp_folder.h"

namespace graft::testing {

struct FormatExample {
  const char* name;  // as formats.def has it
  // Writes it below a folder, and gives its path.
  std::filesystem::path (*put)(const graft::TempFolder& folder);
};
std::ostream& operator<<(std::ostream& out, const FormatExample& example);
const std::vector<FormatExample>& format_examples();  // in the registry's order

}  // namespace graft::testing
