#include "graft/data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <numeric>
#include <span>
#include <thread>
#include <utility>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/threads.h"
#include "graft/data/epoch_order.h"

namespace graft::data {
namespace {

// A batch in the making, or made. Batches are numbered through all epochs: epoch * batches_per_epoch + batch.
struct Slot {
  Batch batch;
  std::int64_t number = -1;
  std::int64_t epoch = 0;
  std::int64_t started = 0;                                           // examples handed to workers
  std::int64_t missing = 0;                                           // examples not finished
  std::int64_t failed_at = std::numeric_limits<std::int64_t>::max();  // the first that failed ...
  std::exception_ptr error;                                           // ... and how
};

void check(const LoaderOptions& options) {
  if (options.batch_size < 1) {
    throw ConfigError("loader", "--batch-size {}: expected 1 or more.", options.batch_size);
  }
  if (options.workers < 1) throw ConfigError("loader", "--workers {}: expected 1 or more.", options.workers);
  if (options.prefetch < 1) throw ConfigError("loader", "--prefetch {}: expected 1 or more.", options.prefetch);
}

}  // namespace

struct Loader::State {
  const std::shared_ptr<const Source> source;
  const LoaderOptions options;
  const std::int64_t batches;  // an epoch

  std::mutex mutex;
  std::condition_variable work_is_there, batch_is_there, workers_are_idle;
  bool stop = false;
  bool paused = false;
  std::int64_t busy = 0;         // examples in workers' hands
  std::int64_t next_number = 0;  // the batch that the consumer gets next
  bool epoch_ended = false;      // the consumer was told
  double waited = 0;             // the consumer, in seconds
  std::vector<Slot> slots;       // batch n is made in slots[n % slots.size()]
  std::vector<Batch> spare;
  std::int64_t order_epoch = -1;    // the epoch of ...
  std::vector<std::int64_t> order;  // ... this order
  std::exception_ptr failure;       // of a worker outside any example: nothing more is made
  std::vector<std::jthread> threads;

  State(std::shared_ptr<const Source> from, LoaderOptions how)
      : source(std::move(from)),
        options(std::move(how)),
        batches((source->size() + options.batch_size - 1) / options.batch_size),
        slots(static_cast<std::size_t>(options.prefetch)) {}

  std::vector<std::int64_t> order_of(std::int64_t epoch) const {
    if (options.shuffle) return epoch_order(*source, options.batch_size, options.seed, epoch, options.groups);
    std::vector<std::int64_t> order(static_cast<std::size_t>(source->size()));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    return order;
  }

  // Readies the slot of batch `number`; with the lock held.
  Slot& open_slot(std::int64_t number) {
    Slot& slot = slots[static_cast<std::size_t>(number) % slots.size()];
    if (slot.number == number) return slot;
    slot.number = number;
    slot.epoch = number / batches;
    if (order_epoch != slot.epoch) {
      order = order_of(slot.epoch);
      order_epoch = slot.epoch;
    }
    const std::int64_t begin = number % batches * options.batch_size;
    const std::int64_t size = std::min(options.batch_size, source->size() - begin);
    if (!spare.empty()) {
      slot.batch = std::move(spare.back());
      spare.pop_back();
    }
    slot.batch.indices.assign(order.begin() + begin, order.begin() + begin + size);
    make_room(slot.batch, *source);
    slot.started = 0;
    slot.missing = size;
    slot.failed_at = std::numeric_limits<std::int64_t>::max();
    slot.error = nullptr;
    return slot;
  }

  // The first slot with an example that nobody has begun, or null; with the lock held.
  Slot* find_work() {
    if (paused) return nullptr;
    const std::int64_t last = options.epochs * batches;
    for (std::int64_t n = next_number; n < std::min(last, next_number + static_cast<std::int64_t>(slots.size())); ++n) {
      Slot& slot = open_slot(n);
      if (slot.started < slot.batch.size()) return &slot;
    }
    return nullptr;
  }

  void make(Slot& slot, std::int64_t place) const {
    const std::int64_t index = slot.batch.indices[static_cast<std::size_t>(place)];
    const Random random =
        Random(options.seed).fork(static_cast<std::uint64_t>(slot.epoch)).fork(static_cast<std::uint64_t>(index));
    fill(slot.batch, *source, place, random);
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      Slot* slot = nullptr;
      work_is_there.wait(lock, [&] { return stop || failure || (slot = next_work()) != nullptr; });
      if (stop || failure) return;
      make_next(*slot, lock);
    }
  }

  // Where a slot cannot be readied (no memory is left), the consumer is told.
  Slot* next_work() {
    try {
      return find_work();
    } catch (...) {
      failure = std::current_exception();
      batch_is_there.notify_one();
      return nullptr;
    }
  }

  // Makes one example of the slot, without the lock while it does.
  void make_next(Slot& slot, std::unique_lock<std::mutex>& lock) {
    const std::int64_t place = slot.started++;
    ++busy;
    lock.unlock();
    std::exception_ptr error;
    try {
      make(slot, place);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    --busy;
    if (error && place < slot.failed_at) {
      slot.failed_at = place;
      slot.error = error;
    }
    if (--slot.missing == 0) batch_is_there.notify_one();
    if (paused && busy == 0) workers_are_idle.notify_one();
  }
};

Loader::Loader(std::shared_ptr<const Source> source, LoaderOptions options) {
  check(options);
  state_ = std::make_unique<State>(std::move(source), options);
  state_->threads = start_threads(options.workers, [state = state_.get()] { state->work(); });
}

std::int64_t Loader::workers() const {
  return static_cast<std::int64_t>(state_->threads.size());
}

Loader::~Loader() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->work_is_there.notify_all();
  state_->threads.clear();  // joins, before anything that the workers use goes
}

double Loader::waited() const {
  return state_->waited;
}

std::int64_t Loader::batches_per_epoch() const {
  return state_->batches;
}

std::optional<Batch> Loader::next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  const bool at_epoch_begin = s.batches == 0 || s.next_number % s.batches == 0;
  if (s.batches == 0 || s.next_number >= s.options.epochs * s.batches) return std::nullopt;
  if (at_epoch_begin && s.next_number > 0 && !s.epoch_ended) {
    s.epoch_ended = true;
    return std::nullopt;
  }
  s.epoch_ended = false;
  Slot& slot = s.open_slot(s.next_number);
  const auto begin = Clock::now();
  while (s.threads.empty() && slot.missing > 0)
    s.make_next(slot, lock);
  s.batch_is_there.wait(lock, [&] { return slot.missing == 0 || s.failure; });
  s.waited += seconds_since(begin);
  if (slot.missing > 0) std::rethrow_exception(s.failure);
  if (slot.error) std::rethrow_exception(slot.error);
  Batch batch = std::move(slot.batch);
  slot.batch = {};
  slot.number = -1;
  ++s.next_number;
  lock.unlock();
  s.work_is_there.notify_all();
  return batch;
}

void Loader::seek(std::int64_t epoch, std::int64_t batch) {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  GRAFT_ASSERT(epoch >= 0 && batch >= 0 && batch <= s.batches);
  s.paused = true;
  s.workers_are_idle.wait(lock, [&] { return s.busy == 0; });
  for (Slot& slot : s.slots)
    slot.number = -1;
  s.next_number = epoch * s.batches + batch;
  s.epoch_ended = batch == 0;  // nothing of the epoch before was given out
  s.paused = false;
  lock.unlock();
  s.work_is_there.notify_all();
}

void Loader::recycle(Batch&& batch) {
  const std::lock_guard lock(state_->mutex);
  if (state_->spare.size() < state_->slots.size()) state_->spare.push_back(std::move(batch));
}

}  // namespace graft::data
