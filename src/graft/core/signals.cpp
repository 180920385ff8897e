#include "graft/core/signals.h"

#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "graft/core/partial_files.h"

namespace graft {
namespace {

constexpr int kPatienceMicroseconds = 500'000;

std::atomic<int> asked{0}, finishing{0};
std::atomic<bool> caught{false};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may touch only lock-free atomics");

void end_soon() {
  const itimerval soon{{0, 0}, {0, kPatienceMicroseconds}};
  ::setitimer(ITIMER_REAL, &soon, nullptr);
}

void on_signal(int signal) {
  const int kept = errno;
  asked.store(signal);
  std::signal(signal, SIG_DFL);
  end_soon();
  errno = kept;
}

template <size_t kSize>
void tell_terminal(const char (&text)[kSize]) {
  if (::isatty(STDERR_FILENO) == 0) return;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, kSize - 1);
}

void on_alarm(int) {
  const int kept = errno;
  if (finishing.load() > 0) {
    tell_terminal("\nstopping after this step, with a checkpoint; once more stops at once\n");
    errno = kept;
    return;
  }
  remove_partial_files();
  tell_terminal("\n");
  ::_exit(128 + asked.load());
}

}  // namespace

void catch_stop_signals() {
  caught.store(true);
  std::signal(SIGALRM, on_alarm);
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGHUP, SIG_IGN);
}

int stop_signal() {
  return asked.load();
}

void request_stop(int signal) {
  asked.store(signal);
}

FinishFirst::FinishFirst() {
  ++finishing;
}

FinishFirst::~FinishFirst() {
  if (--finishing == 0 && asked.load() != 0 && caught.load()) end_soon();
}

}  // namespace graft
