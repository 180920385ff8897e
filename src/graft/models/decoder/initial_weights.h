// The weights that a decoder begins with where nobody trained it yet.
#pragma once

#include <string>

#include "graft/core/random.h"
#include "graft/io/json_object.h"
#include "graft/io/weights.h"

namespace graft::models::decoder {

// What a config.json of transformers describes, by its names, float32, as transformers draws it: words and maps normal
// with `initializer_range` (0.02, as in Radford et al. 2019, GPT-2) as deviation, biases 0, norms that multiply by 1.
// Each tensor has its own stream of `random`. `name` is what messages call these weights. ModelError as settings_of(),
// and for a deviation that is none.
io::Weights initial_weights(const io::JsonObject& config, const std::string& name, const Random& random);

}  // namespace graft::models::decoder
