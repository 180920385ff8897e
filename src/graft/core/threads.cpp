#include "graft/core/threads.h"

#include <atomic>
#include <exception>
#include <mutex>

#include "graft/core/signals.h"

namespace graft {

void for_each_index(std::size_t count, std::int64_t threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;  // of what follows
  std::size_t failed_at = count;
  std::exception_ptr error;
  const auto one_after_another = [&] {
    for (std::size_t i = next++; i < count && stop_signal() == 0; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i >= failed_at) continue;
        failed_at = i;
        error = std::current_exception();
      }
    }
  };
  {
    const auto others = start_threads(threads - 1, one_after_another);
    one_after_another();
  }
  stop_if_asked();
  if (error) std::rethrow_exception(error);
}

}  // namespace graft
