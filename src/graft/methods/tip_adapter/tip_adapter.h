// Tip-Adapter: the cache of labelled photos as it is, without a gradient step.
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/photo_cache.h"

namespace graft::methods::tip_adapter {

extern const Entry entry;

}  // namespace graft::methods::tip_adapter
