// Which linear maps and convolutions a pattern means, as the checkpoint has them.
#pragma once

#include <string>
#include <vector>

#include "graft/models/model.h"
#include "graft/nn/site.h"

namespace graft::methods {

// Paths that the pattern selects: three matrices are three targets, a fused one is one unless its slices are named. A
// pattern that selects the whole (attn.qkv, *) says nothing more of its slices. The projection behind the blocks is
// selected by its whole path alone: open_clip holds it as a bare tensor, which PEFT cannot adapt. So is the convolution
// before them. `option` is what messages call the pattern; none selected: ConfigError, unless `perhaps`.
std::vector<std::string> map_targets(const std::string& method, const std::string& option, const std::string& pattern,
                                     models::Model& model, const std::vector<const nn::Site*>& sites,
                                     bool perhaps = false);

}  // namespace graft::methods
