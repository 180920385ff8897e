#include "graft/engine/loaded_batches.h"

#include <utility>

#include "graft/core/error.h"
#include "graft/models/sources.h"

namespace graft::engine {

LoadedBatches::LoadedBatches(std::unique_ptr<data::Loader> loader, From from, Prefix prefix)
    : loader_(std::move(loader)), from_(from), prefix_(std::move(prefix)) {}

train::Batch LoadedBatches::next() {
  auto batch = loader_->next();
  if (!batch) batch = loader_->next();  // an epoch ended there
  GRAFT_ASSERT(batch);
  train::Batch result{prefix_(models::value_of(*batch, from_.preprocessing)), models::targets_of(*batch, from_.target),
                      static_cast<double>(batch->size())};
  loader_->recycle(std::move(*batch));
  return result;
}

}  // namespace graft::engine
