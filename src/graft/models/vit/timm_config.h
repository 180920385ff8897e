// A ViT as timm's config.json describes it: an architecture by name, what its builder gave otherwise (model_args), and
// how photos are prepared (pretrained_cfg).
#pragma once

#include <optional>
#include <string_view>

#include "graft/io/json_object.h"
#include "graft/models/vit/vit_settings.h"

namespace graft::models::vit {

bool is_timm_config(const io::JsonObject& config);

// ModelError for an architecture that graft does not run, for what it does not understand, and where the tensors are
// of another model.
void read_timm(const io::JsonObject& config, const Shape& shape, Settings& settings);

// A size that is one number, [H, W] or [3, H, W].
std::optional<nn::Grid> pixels_of(const io::JsonObject& config, std::string_view key);

}  // namespace graft::models::vit
