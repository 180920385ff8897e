#include "graft/cli/worker_processes.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>

namespace graft::cli {

WorkerProcesses::WorkerProcesses(int64_t count, const std::vector<std::string>& words)
    : exceptions_(std::uncaught_exceptions()) {
  std::vector<std::string> all{"graft"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (auto& word : all)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  for (int64_t i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child < 0) return;
    if (child == 0) {  // nothing here that may take a lock
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (::getppid() != parent) ::_exit(1);
      const int nothing = ::open("/dev/null", O_RDWR);
      ::dup2(nothing, STDIN_FILENO);
      ::dup2(nothing, STDOUT_FILENO);
      ::execv("/proc/self/exe", arguments.data());
      ::_exit(127);
    }
    processes_.push_back(child);
  }
}

WorkerProcesses::~WorkerProcesses() {
  const bool failing = std::uncaught_exceptions() > exceptions_;
  for (const pid_t child : processes_) {
    if (failing) ::kill(child, SIGTERM);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace graft::cli
