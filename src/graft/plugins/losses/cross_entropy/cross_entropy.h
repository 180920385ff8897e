// Cross-entropy: -log p of the label.
#pragma once

#include "graft/plugins/losses/loss.h"

namespace graft::plugins::cross_entropy {

extern const LossEntry entry;

}  // namespace graft::plugins::cross_entropy
