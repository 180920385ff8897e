#include "graft/pipelines/linked.h"

#include <system_error>

namespace graft::pipelines {

void link_or_copy(const std::filesystem::path& what, const std::filesystem::path& at) {
  namespace fs = std::filesystem;
  fs::create_directories(at.parent_path());
  std::error_code failed;
  fs::remove(at, failed);
  fs::create_symlink(fs::canonical(what), at, failed);
  if (failed) fs::copy(what, at, fs::copy_options::recursive);
}

}  // namespace graft::pipelines
