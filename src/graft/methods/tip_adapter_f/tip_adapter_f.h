// Tip-Adapter-F: the cache of labelled photos, its keys trained (Zhang et al. 2022, sec. 3.3).
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/photo_cache.h"

namespace graft::methods::tip_adapter_f {

extern const Entry entry;

}  // namespace graft::methods::tip_adapter_f
