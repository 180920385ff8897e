// Threads that do one work side by side, as many as the system grants: a container may bound them.
#pragma once

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

}  // namespace graft
