// Batches of a source's examples, made ahead by worker threads. Which example comes when, and what is random about it,
// depends on the seed, the epoch and the example's index alone: never on the number of workers or on where one resumed.
//
//   Loader loader(source, {.batch_size = 32, .shuffle = true});
//   for (int epoch = 0; epoch < epochs; ++epoch) {
//     while (auto batch = loader.next()) { ...; loader.recycle(std::move(*batch)); }
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "graft/data/batch.h"
#include "graft/data/source.h"

namespace graft::data {

struct LoaderOptions {
  std::int64_t batch_size = 32;
  std::int64_t workers = 2;   // threads, at least 1; fewer where the system grants no more
  std::int64_t prefetch = 2;  // batches made ahead
  std::int64_t epochs = 1;    // how far the workers may run ahead
  std::uint64_t seed = 0;
  bool shuffle = false;                   // a new order each epoch, epoch_order()'s
  std::vector<std::int64_t> groups = {};  // of that order
};

class Loader {
 public:
  Loader(std::shared_ptr<const Source> source, LoaderOptions options);
  ~Loader();  // waits for the example in each worker's hands, no longer
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::int64_t batches_per_epoch() const;

  // The threads that could be started. Without any, next() makes its batch itself.
  std::int64_t workers() const;

  // The next batch; nothing at the end of an epoch, and then the next epoch's first. An error in a worker is thrown
  // here, when its batch's turn comes.
  std::optional<Batch> next();

  // Seconds that next() has waited for examples, or made them itself.
  double waited() const;

  // Goes to a batch of an epoch, both from 0; what was made ahead is thrown away.
  void seek(std::int64_t epoch, std::int64_t batch = 0);

  // Gives a batch's memory back for the batches to come.
  void recycle(Batch&& batch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft::data
