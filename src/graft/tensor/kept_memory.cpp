#include "graft/tensor/kept_memory.h"

#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <new>
#include <unordered_map>

namespace graft::tensor {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kBig = size_t{256} << 10;  // smaller ones are the heap's, which is good at them

// Address space on a huge page's boundary; huge pages only where they are filled, so that no more is held than asked
// for.
struct Region {
  void* mapped = nullptr;
  size_t mapped_bytes = 0;
  char* data = nullptr;
  size_t bytes = 0;
};

Region map(size_t bytes) {
  Region region{.bytes = bytes};
  region.mapped_bytes = bytes >= kHugePage ? bytes + kHugePage : bytes;
  region.mapped = ::mmap(nullptr, region.mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (region.mapped == MAP_FAILED) return {};
  region.data = static_cast<char*>(region.mapped);
  if (bytes >= kHugePage) {
    const auto address = reinterpret_cast<std::uintptr_t>(region.mapped);
    region.data += (kHugePage - address % kHugePage) % kHugePage;
    ::madvise(region.data, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  }
  return region;
}

class KeepingAllocator final : public c10::Allocator {
 public:
  // Never destroyed: tensors of static storage give their memory back after main().
  static KeepingAllocator& shared() {
    static auto* const allocator = new KeepingAllocator;
    return *allocator;
  }

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes < kBig) return small_->allocate(bytes);
    void* const data = take((bytes + kPage - 1) / kPage * kPage);
    return {data, data, &drop, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &drop; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  KeptMemory state() {
    const std::lock_guard lock(mutex_);
    return {static_cast<int64_t>(used_bytes_), static_cast<int64_t>(most_used_), static_cast<int64_t>(free_bytes_)};
  }

  void give_back() {
    const std::lock_guard lock(mutex_);
    while (!free_.empty())
      unmap_oldest();
  }

 private:
  static void drop(void* data) {
    auto& self = shared();
    if (!self.put_back(data)) self.small_->raw_deleter()(data);
  }

  void* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto newest = std::find_if(free_.rbegin(), free_.rend(), [&](const auto& r) { return r.bytes == bytes; });
    Region region;
    if (newest != free_.rend()) {
      region = *newest;
      free_.erase(std::next(newest).base());
      free_bytes_ -= bytes;
    } else {
      const auto most = std::max(most_used_, used_bytes_ + bytes);
      while (!free_.empty() && used_bytes_ + bytes + free_bytes_ > most)
        unmap_oldest();
      region = map(bytes);
      while (!region.data && !free_.empty()) {
        unmap_oldest();
        region = map(bytes);
      }
      if (!region.data) throw std::bad_alloc();
    }
    used_.emplace(region.data, region);
    used_bytes_ += bytes;
    most_used_ = std::max(most_used_, used_bytes_);
    return region.data;
  }

  bool put_back(void* data) {
    const std::lock_guard lock(mutex_);
    const auto found = used_.find(data);
    if (found == used_.end()) return false;
    used_bytes_ -= found->second.bytes;
    free_bytes_ += found->second.bytes;
    free_.push_back(found->second);
    used_.erase(found);
    return true;
  }

  void unmap_oldest() {
    const Region& oldest = free_.front();
    ::munmap(oldest.mapped, oldest.mapped_bytes);
    free_bytes_ -= oldest.bytes;
    free_.pop_front();
  }

  c10::Allocator* const small_ = c10::GetDefaultCPUAllocator();
  std::mutex mutex_;
  std::unordered_map<void*, Region> used_;
  std::list<Region> free_;  // oldest first
  size_t used_bytes_ = 0, free_bytes_ = 0, most_used_ = 0;
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
