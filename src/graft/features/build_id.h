// Which build computes: two programs with the same id give the same bits on the same machine.
#pragma once

#include <string>

namespace graft::features {

// The running program's own content hash as its linker noted it (GNU build id), and libtorch's version.
const std::string& build_id();

}  // namespace graft::features
