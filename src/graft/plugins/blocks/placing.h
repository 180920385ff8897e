// Which blocks a run asked for, and where in a model they go: "nonlocal:at=layer3.1,se" -> inserts at sites.
#pragma once

#include <string>
#include <vector>

#include "graft/core/random.h"
#include "graft/methods/adaptation.h"
#include "graft/models/model.h"

namespace graft::plugins {

// UsageError for a name that no block has, ConfigError for an option that it lacks or refuses, before any model is
// read.
void check_blocks(const std::string& text);

// Built and bound to their sites, not yet put there; drawn by the seed and the site alone. ModelError for a model
// without residual blocks of maps or a ViT's, for a block that has nothing to do on tokens, and for places that the
// model lacks, with the nearest.
std::vector<methods::Binding> place_blocks(const std::string& text, models::Model& model, const Random& random);

}  // namespace graft::plugins
