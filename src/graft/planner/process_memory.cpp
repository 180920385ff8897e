#include "graft/planner/process_memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace graft::planner {
namespace {

// The number behind `name` in a file of lines; 0 where there is none.
int64_t number_in(const char* file, const std::string& name) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(name)) return std::stoll(line.substr(name.size()));
  }
  return 0;
}

// A limit of cgroup v2: a number, or "max".
int64_t limit_in(const char* file) {
  std::ifstream stream(file);
  int64_t bytes = 0;
  return stream >> bytes ? bytes : 0;
}

}  // namespace

int64_t resident_bytes() {
  std::ifstream stream("/proc/self/statm");
  int64_t whole = 0, resident = 0;
  stream >> whole >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

int64_t peak_resident_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{1024} * usage.ru_maxrss;
}

int64_t available_bytes() {
  int64_t bytes = 1024 * number_in("/proc/meminfo", "MemAvailable:");
  if (const auto limit = limit_in("/sys/fs/cgroup/memory.max"); limit > 0) {
    const auto held =
        limit_in("/sys/fs/cgroup/memory.current") - number_in("/sys/fs/cgroup/memory.stat", "inactive_file ");
    const auto left = std::max<int64_t>(0, limit - held);
    bytes = bytes > 0 ? std::min(bytes, left) : left;
  }
  return bytes;
}

}  // namespace graft::planner
