#include "graft/cli/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace graft::cli {

void open_standard_streams() {
  // The wrong way round on purpose: a read of the first and a write to the second are refused.
  constexpr int kModes[] = {O_WRONLY, O_RDONLY, O_RDWR};
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    [[maybe_unused]] const int opened = ::open("/dev/null", kModes[descriptor]);  // gets the lowest number: this one
  }
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace graft::cli
