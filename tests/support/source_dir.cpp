#include "tests/support/source_dir.h"

namespace graft {

std::filesystem::path source_dir() {
  return GRAFT_SOURCE_DIR;
}

}  // namespace graft
