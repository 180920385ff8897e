// Low-rank updates of several adapters as one adapter (algebra.h).
#pragma once

#include <vector>

#include "graft/methods/algebra.h"
#include "graft/models/model.h"

namespace graft::methods::lora {

// A map that some of them leave as it is is merged from the others. Slices of one matrix are one update, as in the file
// (peft.h). What comes out has one rank, filled up with zeros, and scale 1. ModelError by name for an adapter that is
// more than low-rank updates; ConfigError for ranks that do not fit.
CombinedAdapter combine(const std::vector<WeightedAdapter>& adapters, const Algebra& how, models::Model& model);

}  // namespace graft::methods::lora
