// Thrown where a long computation ends because SIGINT or SIGTERM came; nothing is lost that a checkpoint or the feature
// cache holds. Not an error: the command line ends with 128 + signal.
#pragma once

#include <csignal>
#include <stdexcept>
#include <string>

#include "graft/core/signals.h"

namespace graft::engine {

struct Stopped : std::runtime_error {
  explicit Stopped(int which)
      : std::runtime_error(which == SIGTERM ? "stopped by SIGTERM" : "stopped by SIGINT"), signal(which) {}
  int signal;
};

// Between two pieces of work.
inline void stop_if_asked() {
  if (const int signal = stop_signal()) throw Stopped(signal);
}

}  // namespace graft::engine
