// Further processes of this program that share its work. They end with it: when this is gone, and when the process is
// killed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace graft::cli {

class WorkerProcesses {
 public:
  // `words`: the command line of each. What cannot be started is left out: the work is then done by fewer.
  WorkerProcesses(int64_t count, const std::vector<std::string>& words);
  ~WorkerProcesses();  // waits for them; on the way out of an error they are stopped first
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;

 private:
  std::vector<pid_t> processes_;
  int exceptions_;
};

}  // namespace graft::cli
