// A block of a network that keeps nothing but its input for the backward and runs again there (Chen et al. 2016,
// arXiv:1604.06174): a second forward for the memory of all that lies between. The bits are those of a block that keeps
// everything: the same kernels run on the same values, dropout draws the same numbers, and batch norms gather nothing
// twice.
#pragma once

#include <memory>

#include "graft/nn/rerunnable.h"

namespace graft::nn {

// block->forward(stream, context). Where nothing in or below the block trains it is just that, as nothing is kept then.
void forward_to_rerun(const std::shared_ptr<Rerunnable>& block, Stream& stream, const Context& context);

}  // namespace graft::nn
