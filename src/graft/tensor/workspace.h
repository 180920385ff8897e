// Scratch memory of a thread that keeps its size from task to task: nothing is allocated in the steady state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <type_traits>

namespace graft::tensor {

// Numbers without a value at first, on a cache line. One object a use, declared `static thread_local`.
template <class T>
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { std::free(data_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* of(int64_t count) {
    static_assert(std::is_trivial_v<T>);
    if (count > capacity_) {
      std::free(data_);
      const auto bytes = (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
      data_ = static_cast<T*>(std::aligned_alloc(64, bytes));
      if (!data_) throw std::bad_alloc();
      capacity_ = count;
    }
    return data_;
  }

 private:
  T* data_ = nullptr;
  int64_t capacity_ = 0;
};

}  // namespace graft::tensor
