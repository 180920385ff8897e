#include "graft/engine/compute_threads.h"

#include <ATen/Parallel.h>
#include <sched.h>
#include <torch/types.h>

#include <algorithm>
#include <charconv>
#include <latch>
#include <system_error>
#include <thread>
#include <vector>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::engine {
namespace {

constexpr int64_t kMostACore = 4, kAlwaysAllowed = 16;
constexpr int64_t kLeftForLoaders = 3;  // threads that decode photos are started later

int64_t available_cores() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return std::max(1, CPU_COUNT(&cores));
}

// libtorch's own default counts physical cores of the whole machine, not those that this process may use.
int64_t choose_threads(int64_t asked, const Host& host) {
  if (asked < 0) throw ConfigError("model", "--threads: expected 0 or more, got {}.", asked);
  if (asked > 0) return asked;
  if (const auto text = host.environment("OMP_NUM_THREADS")) {
    int64_t threads = 0;
    std::from_chars(text->data(), text->data() + text->size(), threads);
    if (threads > 0) return threads;
  }
  return available_cores();
}

// At one time, of `wanted`.
int64_t startable_threads(int64_t wanted) {
  std::latch done(1);
  std::vector<std::jthread> threads;
  try {
    while (static_cast<int64_t>(threads.size()) < wanted)
      threads.emplace_back([&done] { done.wait(); });
  } catch (const std::system_error&) {  // EAGAIN: that was the last
  }
  done.count_down();
  return static_cast<int64_t>(threads.size());
}

// OpenMP starts its threads at the first work and keeps them: nobody else takes them from then on.
void start_team(int64_t threads) {
  constexpr int64_t kGrain = 32768;  // of libtorch, for work on single elements
  std::vector<float> numbers(static_cast<size_t>(threads * kGrain));
  torch::from_blob(numbers.data(), {static_cast<int64_t>(numbers.size())}, tensor::on_cpu()).fill_(1);
}

}  // namespace

void set_compute_threads(int64_t asked, const Host& host, Reporter& report) {
  const int64_t wanted = choose_threads(asked, host);
  const int64_t most = std::max(kAlwaysAllowed, kMostACore * available_cores());
  int64_t threads = std::min(wanted, most);
  if (threads < wanted) {
    report.warn(fmt::format("{} threads on {} cores would only wait for one another: {} compute.", wanted,
                            available_cores(), threads));
  }
  const int64_t others = threads - 1 + kLeftForLoaders;
  const int64_t started = startable_threads(others);
  if (started < others) {
    const int64_t granted = std::max<int64_t>(1, started - kLeftForLoaders + 1);
    if (granted < threads) {
      report.warn(
          fmt::format("the system starts no more threads (ulimit -u, or a container's limit): {} instead of {} "
                      "compute.",
                      granted, threads));
    }
    threads = std::min(threads, granted);
  }
  at::set_num_threads(static_cast<int>(threads));
  if (started < others) start_team(threads);
}

}  // namespace graft::engine
