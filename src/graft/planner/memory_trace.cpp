#include "graft/planner/memory_trace.h"

#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include "graft/core/error.h"

namespace graft::planner {
namespace {

struct Recorder {
  std::mutex mutex;
  MemoryTrace trace;
  bool running = true;

  void add(int64_t change) {
    const std::lock_guard lock(mutex);
    if (running) trace.changes.push_back(change);
  }
};

// Stands before the allocator that was in use, from the first trace on. A tensor may outlive the trace, and a storage
// that grows asks the allocator it came from: so this one lives for ever, and does nothing but pass on when nobody
// records.
class TracingAllocator final : public c10::Allocator {
 public:
  static TracingAllocator& shared() {
    static auto* const allocator = new TracingAllocator;
    return *allocator;
  }

  // Of a block its data is the context too, as raw_allocate asks.
  c10::DataPtr allocate(size_t bytes) override {
    auto inner = under_->allocate(bytes);
    if (owner_.load(std::memory_order_relaxed) != std::this_thread::get_id() || bytes == 0) return inner;
    recorder_->add(static_cast<int64_t>(bytes));
    void* const data = inner.get();
    const std::lock_guard lock(mutex_);
    blocks_.insert_or_assign(data, Block{std::move(inner), bytes, recorder_});
    return {data, data, &drop, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &drop; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  void start(std::shared_ptr<Recorder> recorder) {
    if (!under_) {
      under_ = c10::GetCPUAllocator();
      c10::SetCPUAllocator(this);
    }
    recorder_ = std::move(recorder);
    owner_ = std::this_thread::get_id();
  }
  void stop() {
    owner_ = std::thread::id();
    recorder_.reset();
  }

 private:
  struct Block {
    c10::DataPtr inner;
    size_t bytes;
    std::shared_ptr<Recorder> recorder;
  };
  static void drop(void* data) {
    auto& self = shared();
    std::optional<Block> block;
    {
      const std::lock_guard lock(self.mutex_);
      const auto found = self.blocks_.find(data);
      if (found != self.blocks_.end()) {
        block.emplace(std::move(found->second));
        self.blocks_.erase(found);
      }
    }
    if (block) return block->recorder->add(-static_cast<int64_t>(block->bytes));
    self.under_->raw_deleter()(data);  // older than the trace
  }

  std::mutex mutex_;
  std::unordered_map<void*, Block> blocks_;  // what was given out while somebody recorded
  c10::Allocator* under_ = nullptr;          // set once, by the first trace
  std::shared_ptr<Recorder> recorder_;       // the owner's, and looked at by no other thread
  std::atomic<std::thread::id> owner_ = {};
};

double peak_of(const std::vector<double>& changes) {
  double now = 0, most = 0;
  for (const double change : changes)
    most = std::max(most, now += change);
  return most;
}

double sum_before(const MemoryTrace& trace, size_t end) {
  double now = 0;
  for (size_t i = 0; i < end; ++i)
    now += static_cast<double>(trace.changes[i]);
  return now;
}

std::vector<double> as_doubles(const std::vector<int64_t>& changes) {
  return {changes.begin(), changes.end()};
}

}  // namespace

MemoryTrace trace_memory(const std::function<void(const std::function<void()>& mark)>& work) {
  static std::mutex one_at_a_time;
  const std::lock_guard mine(one_at_a_time);
  const auto recorder = std::make_shared<Recorder>();
  TracingAllocator::shared().start(recorder);
  const auto end = [&] {
    TracingAllocator::shared().stop();
    const std::lock_guard lock(recorder->mutex);
    recorder->running = false;
  };
  try {
    work([&] {
      const std::lock_guard lock(recorder->mutex);
      recorder->trace.mark = recorder->trace.changes.size();
    });
  } catch (...) {
    end();
    throw;
  }
  end();
  return recorder->trace;
}

MemoryCourse::MemoryCourse(MemoryTrace small, int64_t small_batch, MemoryTrace large, int64_t large_batch)
    : small_(std::move(small)), large_(std::move(large)), small_batch_(small_batch), large_batch_(large_batch) {
  GRAFT_ASSERT(small_batch < large_batch);
}

bool MemoryCourse::same_course() const {
  const auto same = [](int64_t a, int64_t b) { return (a > 0) == (b > 0); };
  return small_.mark == large_.mark && small_.changes.size() == large_.changes.size() &&
         std::equal(small_.changes.begin(), small_.changes.end(), large_.changes.begin(), same);
}

double MemoryCourse::carried(double small, double large, int64_t batch) const {
  const auto share = static_cast<double>(batch - small_batch_) / static_cast<double>(large_batch_ - small_batch_);
  return small + (large - small) * share;
}

// Of the whole course where both took the same: the moment of the most may be another for a large batch.
int64_t MemoryCourse::peak(int64_t batch) const {
  if (!same_course()) {
    return static_cast<int64_t>(
        carried(peak_of(as_doubles(small_.changes)), peak_of(as_doubles(large_.changes)), batch));
  }
  std::vector<double> changes;
  for (size_t i = 0; i < small_.changes.size(); ++i) {
    changes.push_back(carried(static_cast<double>(small_.changes[i]), static_cast<double>(large_.changes[i]), batch));
  }
  return static_cast<int64_t>(peak_of(changes));
}

int64_t MemoryCourse::at_mark(int64_t batch) const {
  return static_cast<int64_t>(carried(sum_before(small_, small_.mark), sum_before(large_, large_.mark), batch));
}

}  // namespace graft::planner
