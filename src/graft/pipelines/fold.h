// An adapter folded into the maps that it sits on: the same numbers without it.
#pragma once

#include <cstdint>

#include "graft/models/model.h"

namespace graft::pipelines {

// Folds every insert and takes it away; how many maps changed. ModelError, and nothing is changed, that lists all
// inserts that are more than a change of weights.
int64_t fold_inserts(models::Model& model);

}  // namespace graft::pipelines
