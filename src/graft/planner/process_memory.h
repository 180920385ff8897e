// What this process holds, and what the machine has left for it.
#pragma once

#include <cstdint>

namespace graft::planner {

int64_t resident_bytes();       // now
int64_t peak_resident_bytes();  // the most so far
int64_t available_bytes();      // of the machine, or of the control group that the process is in; 0: not known

}  // namespace graft::planner
