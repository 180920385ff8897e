#include "graft/core/signals.h"

#include <atomic>
#include <csignal>

namespace graft {
namespace {

std::atomic<int> asked{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may touch only lock-free atomics");

void on_signal(int signal) {
  asked.store(signal);
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_stop_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

int stop_signal() {
  return asked.load();
}

void request_stop(int signal) {
  asked.store(signal);
}

}  // namespace graft
