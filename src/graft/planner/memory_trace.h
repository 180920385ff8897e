// How the memory of tensors rises and falls while something runs. Two courses of small batches tell that of any batch:
// every allocation is a part that is always the same and a part an example.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace graft::planner {

struct MemoryTrace {
  std::vector<int64_t> changes;  // bytes, in order: + taken, - given back
  size_t mark = 0;               // so many of them came before mark()
};

// Counts tensors that `work` makes in this thread; those from before are not looked at. `work` is handed a function
// that sets the mark. What other threads make meanwhile is theirs; of two traces one waits for the other.
MemoryTrace trace_memory(const std::function<void(const std::function<void()>& mark)>& work);

class MemoryCourse {
 public:
  MemoryCourse() = default;
  MemoryCourse(MemoryTrace small, int64_t small_batch, MemoryTrace large, int64_t large_batch);

  int64_t peak(int64_t batch) const;
  int64_t at_mark(int64_t batch) const;

 private:
  double carried(double small, double large, int64_t batch) const;  // the straight line through both
  bool same_course() const;

  MemoryTrace small_, large_;
  int64_t small_batch_ = 1, large_batch_ = 2;
};

}  // namespace graft::planner
