// Threads that do one work side by side, as many as the system grants: a container may bound them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <system_error>
#include <thread>
#include <vector>

namespace graft {

// At most `count` threads that run `work`, which must end by itself and must not throw. Fewer, or none, where no more
// can be started. They are joined where the result goes.
inline std::vector<std::jthread> start_threads(std::int64_t count, const std::function<void()>& work) {
  std::vector<std::jthread> threads;
  try {
    while (static_cast<std::int64_t>(threads.size()) < count)
      threads.emplace_back(work);
  } catch (const std::system_error&) {  // EAGAIN: the caller goes on with those that run
  }
  return threads;
}

// `work` for 0 to count - 1, each once, on `threads` in all, the caller's among them. All are done whatever one throws;
// then what the first of them, by its index, threw is thrown. A signal to stop ends it sooner, by Stopped.
void for_each_index(std::size_t count, std::int64_t threads, const std::function<void(std::size_t)>& work);

}  // namespace graft
