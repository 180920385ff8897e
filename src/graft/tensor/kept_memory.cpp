#include "graft/tensor/kept_memory.h"

#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace graft::tensor {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kUnit = size_t{2} << 20;     // a huge page: what is asked of the system, and given back, at a time
constexpr size_t kBig = size_t{256} << 10;    // smaller ones are the heap's, which is good at them
constexpr size_t kSpare = size_t{32} << 20;   // in holes, beside a sixteenth
constexpr size_t kLeast = size_t{256} << 20;  // a smaller range of addresses is not worth having

// A range of addresses with nothing behind them until they are touched.
struct Range {
  char* data = nullptr;
  size_t bytes = 0;

  static Range reserve() {
    size_t bytes = 2 * static_cast<size_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    for (bytes = bytes / kUnit * kUnit; bytes >= kLeast; bytes = bytes / 2 / kUnit * kUnit) {
      void* const mapped =
          ::mmap(nullptr, bytes + kUnit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (mapped == MAP_FAILED) continue;  // a limit on addresses: half may pass
      const auto address = reinterpret_cast<std::uintptr_t>(mapped);
      char* const data = static_cast<char*>(mapped) + (kUnit - address % kUnit) % kUnit;
      ::madvise(data, bytes, MADV_HUGEPAGE);
      return {data, bytes};
    }
    return {};
  }
};

// Where in the range the tensors lie: used blocks, the holes between them, and nothing from `top` on.
class Layout {
 public:
  size_t top() const { return top_; }

  // The smallest hole that is big enough, the lowest of equal ones; the top when there is none.
  size_t take(size_t bytes) {
    const auto best = by_size_.lower_bound({bytes, 0});
    size_t begin = top_;
    if (best != by_size_.end()) {
      begin = best->second;
      const size_t left = best->first - bytes;
      remove_hole(begin);
      if (left) add_hole(begin + bytes, left);
    } else {
      top_ += bytes;
    }
    used_.emplace(begin, bytes);
    return begin;
  }

  // Bytes of the block that began here, now part of a hole or of what lies above the top; 0: none began here.
  size_t put_back(size_t begin) {
    const auto block = used_.find(begin);
    if (block == used_.end()) return 0;
    const size_t bytes = block->second;
    used_.erase(block);
    size_t end = begin + bytes;
    const auto above = holes_.lower_bound(begin);
    if (above != holes_.begin()) {
      const auto below = std::prev(above);
      if (below->first + below->second == begin) {
        begin = below->first;
        remove_hole(begin);
      }
    }
    if (const auto next = holes_.find(end); next != holes_.end()) {
      end += next->second;
      remove_hole(next->first);
    }
    if (end == top_)
      top_ = begin;
    else
      add_hole(begin, end - begin);
    return bytes;
  }

  const std::map<size_t, size_t>& holes() const { return holes_; }  // begin and bytes

 private:
  void add_hole(size_t begin, size_t bytes) {
    holes_.emplace(begin, bytes);
    by_size_.emplace(bytes, begin);
  }
  void remove_hole(size_t begin) {
    const auto hole = holes_.find(begin);
    by_size_.erase({hole->second, begin});
    holes_.erase(hole);
  }

  std::unordered_map<size_t, size_t> used_;
  std::map<size_t, size_t> holes_;
  std::set<std::pair<size_t, size_t>> by_size_;
  size_t top_ = 0;
};

class KeepingAllocator final : public c10::Allocator {
 public:
  // Never destroyed: tensors of static storage give their memory back after main().
  static KeepingAllocator& shared() {
    static auto* const allocator = new KeepingAllocator;
    return *allocator;
  }

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes >= kBig) {
      if (void* const data = take((bytes + kPage - 1) / kPage * kPage))
        return {data, data, &drop, c10::Device(c10::DeviceType::CPU)};
    }
    return small_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return &drop; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  KeptMemory state() {
    const std::lock_guard lock(mutex_);
    const auto held = std::max(held_units_ * kUnit, used_bytes_);
    return {static_cast<int64_t>(used_bytes_), static_cast<int64_t>(most_used_),
            static_cast<int64_t>(held - used_bytes_), static_cast<int64_t>(fresh_bytes_)};
  }

  void give_back() {
    const std::lock_guard lock(mutex_);
    hold_at_most(0);
  }

 private:
  static void drop(void* data) {
    auto& self = shared();
    const auto* const address = static_cast<const char*>(data);
    if (address >= self.range_.data && address < self.range_.data + self.range_.bytes)
      self.put_back(static_cast<size_t>(address - self.range_.data));
    else
      self.small_->raw_deleter()(data);
  }

  void* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (bytes > range_.bytes - layout_.top()) return nullptr;
    const size_t begin = layout_.take(bytes);
    used_bytes_ += bytes;
    most_used_ = std::max(most_used_, used_bytes_);
    bool grew = false;
    for (size_t unit = begin / kUnit; unit * kUnit < begin + bytes; ++unit) {
      if (unit >= held_.size()) held_.resize(unit + 1);
      if (held_[unit]) continue;
      held_[unit] = grew = true;
      ++held_units_;
      fresh_bytes_ += kUnit;
    }
    if (grew) hold_at_most(most_used_ + most_used_ / 16 + kSpare);
    return range_.data + begin;
  }

  void put_back(size_t begin) {
    const std::lock_guard lock(mutex_);
    used_bytes_ -= layout_.put_back(begin);
  }

  // Gives back what no tensor touches, the highest first.
  void hold_at_most(size_t bytes) {
    if (held_units_ * kUnit <= bytes) return;
    release(layout_.top(), held_.size() * kUnit, bytes);
    for (auto hole = layout_.holes().rbegin(); hole != layout_.holes().rend() && held_units_ * kUnit > bytes; ++hole)
      release(hole->first, hole->first + hole->second, bytes);
  }

  void release(size_t begin, size_t end, size_t most) {
    const size_t first = (begin + kUnit - 1) / kUnit;
    for (size_t unit = std::min(end / kUnit, held_.size()); unit-- > first && held_units_ * kUnit > most;) {
      if (!held_[unit]) continue;
      ::madvise(range_.data + unit * kUnit, kUnit, MADV_DONTNEED);
      held_[unit] = false;
      --held_units_;
    }
  }

  c10::Allocator* const small_ = c10::GetDefaultCPUAllocator();
  const Range range_ = Range::reserve();
  std::mutex mutex_;
  Layout layout_;
  std::vector<bool> held_;  // by unit
  size_t held_units_ = 0, used_bytes_ = 0, most_used_ = 0, fresh_bytes_ = 0;
};

}  // namespace

void keep_tensor_memory() {
  c10::SetCPUAllocator(&KeepingAllocator::shared());
}

KeptMemory kept_memory() {
  return KeepingAllocator::shared().state();
}

void give_back_tensor_memory() {
  KeepingAllocator::shared().give_back();
}

}  // namespace graft::tensor
