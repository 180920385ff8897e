// How many threads compute. OpenMP ends the process where a thread cannot be started, so what the system grants is
// found before it is asked.
#pragma once

#include <cstdint>

#include "graft/core/log.h"
#include "graft/engine/options.h"

namespace graft::engine {

// `asked` (0: OMP_NUM_THREADS, or one a core), or fewer where the system starts no more (a container bounds them) or
// more would only wait for one another; that is said. ConfigError for less than 0.
void set_compute_threads(int64_t asked, const Host& host, Reporter& report);

}  // namespace graft::engine
