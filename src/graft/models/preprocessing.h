// What a model's files say of the images it reads: open_clip's preprocess_cfg, transformers' preprocessor_config.json,
// timm's pretrained_cfg. What they leave open is filled with the family's habit.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "graft/data/transforms.h"
#include "graft/io/json_object.h"

namespace graft::models {

data::Preprocessing clip_preprocessing(int size);      // shorter side, bicubic, centre crop, OpenAI's mean and std
data::Preprocessing imagenet_preprocessing(int size);  // the same at 256 / 224 of the size, ImageNet's mean and std

// `habit` with what the JSON object says.
data::Preprocessing open_clip_preprocessing(const io::JsonObject& config, data::Preprocessing habit);
// What an image processor does: all that its file says, else what its class does. `usual` is the class where the file
// names none ("CLIPImageProcessor"). A switch or a class that is not understood is refused by name.
data::Preprocessing transformers_preprocessing(const io::JsonObject& config, const char* usual);
// timm's pretrained_cfg, for images of `size`; what it leaves open is timm's default: ImageNet's mean and std, bicubic.
data::Preprocessing timm_preprocessing(const io::JsonObject& config, data::Size size);

// The same for images of `size`, a multiple of the patch; the resize follows the crop as it did.
data::Preprocessing at_size(data::Preprocessing preprocessing, int64_t size, int64_t patch);

}  // namespace graft::models
