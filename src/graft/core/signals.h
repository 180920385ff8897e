// SIGINT and SIGTERM ask a run to stop: it writes a checkpoint and ends with 130 or 143. A second signal kills at once.
#pragma once

#include <csignal>
#include <stdexcept>

namespace graft {

// The command line calls this once. A terminal that closes (SIGHUP) stops nothing from then on. Where nobody has
// answered a stop within half a second (a big file being read, a decoder at work), the process ends by itself.
void catch_stop_signals();
int stop_signal();              // 0, SIGINT or SIGTERM: what has been asked for so far
void request_stop(int signal);  // as if the signal had come (tests)

// Thrown where a long computation ends because SIGINT or SIGTERM came; nothing is lost that a checkpoint or the feature
// cache holds. Not an error: the command line ends with 128 + signal.
struct Stopped : std::runtime_error {
  explicit Stopped(int which)
      : std::runtime_error(which == SIGTERM ? "stopped by SIGTERM" : "stopped by SIGINT"), signal(which) {}
  int signal;
};

// Between two pieces of work.
inline void stop_if_asked() {
  if (const int signal = stop_signal()) throw Stopped(signal);
}

// While one of these lives a stop waits, however long it takes: a training step, then its checkpoint.
class FinishFirst {
 public:
  FinishFirst();
  ~FinishFirst();
  FinishFirst(const FinishFirst&) = delete;
  FinishFirst& operator=(const FinishFirst&) = delete;
};

}  // namespace graft
