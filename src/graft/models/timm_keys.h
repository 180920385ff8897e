// Keys of timm's pretrained_cfg that change no feature: where weights come from, what their classes are called, and
// sizes for other uses.
#pragma once

#include "graft/io/json_object.h"

namespace graft::models {

void ignore_timm_keys(const io::JsonObject& pretrained);

}  // namespace graft::models
