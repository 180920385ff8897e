#include "graft/models/timesformer/timesformer_settings.h"

#include <fmt/ranges.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/models/preprocessing.h"
#include "graft/models/transformers_keys.h"
#include "graft/models/vit/timm_config.h"
#include "graft/models/vit/vit_names.h"
#include "graft/models/vit/vit_settings.h"

namespace graft::models::timesformer {
namespace {

using io::JsonObject;

constexpr const char* kUnknown = "It could change the features, so nothing was loaded.";

// What facebook's folders say, whatever the class that they name does by itself.
data::Preprocessing own_preprocessing(int64_t pixels) {
  auto result = clip_preprocessing(static_cast<int>(pixels));
  result.interpolation = data::Filter::bilinear;
  result.mean.fill(0.45f);
  result.std.fill(0.225f);
  return result;
}

nn::Grid square_of(const Shape& shape, const std::string& where) {
  const auto side = std::llround(std::sqrt(double(shape.positions - 1)));
  if (side < 1 || side * side != shape.positions - 1) {
    throw ModelError("timesformer", "{}: {} positions are no class token and a square grid of patches.", where,
                     shape.positions);
  }
  return {side, side};
}

SpaceTime attention_of(const JsonObject& config) {
  config.expect("attention_type", {"divided_space_time", "joint_space_time", "space_only"},
                "graft's blocks do not compute this.");
  const auto name = config.get<std::string>("attention_type", "divided_space_time");
  return name == "divided_space_time" ? SpaceTime::divided : name == "space_only" ? SpaceTime::space : SpaceTime::joint;
}

void read_transformers(const JsonObject& config, const Shape& shape, Settings& settings) {
  config.expect("model_type", {"timesformer"}, "graft does not know this architecture.");
  settings.attention = attention_of(config);
  settings.heads = config.get("num_attention_heads", int64_t{12});
  settings.depth = config.get("num_hidden_layers", int64_t{12});
  settings.frames = config.get("num_frames", int64_t{8});
  settings.eps = config.get("layer_norm_eps", 1e-6);
  settings.activation = transformers_activation(config, "hidden_act");
  config.expect("num_channels", {3}, "graft reads photos, of three channels.");
  std::vector<std::string> wrong;
  const auto number = [&](const char* key, int64_t got) {
    const auto said = config.find<int64_t>(key);
    if (said && *said != got) wrong.push_back(fmt::format("{} = {}, the tensors have {}", key, *said, got));
  };
  number("hidden_size", shape.width);
  number("num_hidden_layers", shape.depth);
  number("patch_size", shape.patch);
  number("image_size", settings.grid.rows * shape.patch);
  const bool over_time = settings.attention != SpaceTime::space;
  if (over_time != (shape.frames > 0) || (settings.attention == SpaceTime::divided) != shape.divided) {
    wrong.push_back(fmt::format("attention_type = {}, the tensors have {} time embedding and {} attention over time",
                                config.get<std::string>("attention_type", "divided_space_time"),
                                shape.frames > 0 ? "a" : "no", shape.divided ? "an" : "no"));
  } else if (over_time && settings.frames != shape.frames) {
    wrong.push_back(fmt::format("num_frames = {}, the tensors have {}", settings.frames, shape.frames));
  }
  if (!wrong.empty()) {
    throw ModelError("timesformer", "{} is not of this checkpoint:\n  {}", config.file(), fmt::join(wrong, "\n  "));
  }
  ignore_transformers_keys(config);
  config.ignore({"qkv_bias", "intermediate_size", "drop_path_rate", "num_labels"});
  config.refuse_unread("timesformer", kUnknown);
}

void tell(Settings& settings, const Told& told, const std::string& towers_file, const std::string& images_file) {
  const auto tower = with_told({.heads = settings.heads, .activation = settings.activation, .eps = settings.eps}, told,
                               told.heads, towers_file);
  settings.heads = tower.heads;
  settings.activation = tower.activation;
  settings.preprocessing = with_told(settings.preprocessing, told, images_file);
  if (settings.heads < 1) throw ModelError("timesformer", "its heads are not known: say --heads.");
}

// Whose files say how photos are prepared.
std::string images_file(const io::ModelFolder& folder) {
  if (folder.preprocessor_config) return folder.preprocessor_config->file();
  return folder.config && folder.config->has("pretrained_cfg") ? folder.config->file() : "";
}

[[noreturn]] void refuse_vit(const std::string& file) {
  throw ModelError("timesformer",
                   "{}: expected a plain ViT whose features are its class token's: no other tokens beside it, a norm "
                   "behind the blocks and none before them.",
                   file);
}

}  // namespace

Shape shape_of(const CheckpointReader& reader, const Names& names) {
  const auto patch = sizes_of(reader, std::string(names.patch) + ".weight", 4);
  const auto block = std::string(names.blocks) + "0.";
  Shape shape;
  shape.width = patch[0];
  shape.patch = patch[3];
  shape.depth = reader.count(names.blocks);
  shape.positions = sizes_of(reader, names.positions, 3)[1];
  if (reader.has(names.time)) shape.frames = sizes_of(reader, names.time, 3)[1];
  shape.divided = reader.has(block + names.temporal_fc + ".weight");
  shape.qkv_bias = reader.has(block + (names.block.qkv ? names.block.qkv : names.block.q) + ".bias");
  return shape;
}

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names,
                     const Shape& shape, const Told& told) {
  Settings settings;
  settings.layout = names.layout;
  settings.grid = square_of(shape, reader.full(names.positions));
  settings.attention = shape.divided ? SpaceTime::divided : shape.frames > 0 ? SpaceTime::joint : SpaceTime::space;
  settings.heads = shape.width % 64 == 0 ? shape.width / 64 : 0;
  settings.depth = shape.depth;
  settings.frames = shape.frames;
  settings.preprocessing = own_preprocessing(settings.grid.rows * shape.patch);
  std::string towers_file;
  if (folder.config) {
    read_transformers(*folder.config, shape, settings);
    towers_file = folder.config->file();
  } else if (settings.frames == 0) {
    throw ModelError("timesformer", "{}: attention over space alone, and no config.json that says of how many frames.",
                     folder.path.string());
  } else {
    settings.notes.push_back({"no config.json: GELU and heads of width 64 assumed"});
  }
  if (folder.preprocessor_config) {
    settings.preprocessing = transformers_preprocessing(*folder.preprocessor_config, "VideoMAEImageProcessor");
  } else {
    if (settings.layout == "hf") settings.preprocessing.crop_rounding = data::CropRounding::transformers;
    settings.notes.push_back({"no preprocessor_config.json: mean 0.45 and std 0.225 assumed, as Kinetics'"});
  }
  tell(settings, told, towers_file, images_file(folder));
  return settings;
}

Settings settings_of_vit(const io::ModelFolder& folder, const io::Weights& weights, const Told& told, int64_t frames) {
  const auto found = vit::find_names(weights);
  if (!found) throw ModelError("timesformer", "{} has none of the names that a ViT's blocks go by.", weights.name());
  const CheckpointReader reader(weights, found->prefix);
  const auto of = vit::shape_of(reader, *found->names);
  const bool plain = of.has(vit::kClass) && !of.has(vit::kDistilled) && !of.has(vit::kNormPre) && of.registers == 0 &&
                     of.has(vit::kFinalNorm) && !of.fc_norm;
  if (!plain) refuse_vit(weights.name());
  const Shape shape{.width = of.width, .depth = of.depth, .patch = of.patch, .positions = of.positions};
  const auto grid = square_of(shape, reader.full(found->names->positions));
  const auto own = vit::settings_of(folder, reader, *found->names, of, static_cast<int>(grid.rows * of.patch));
  if (own.pooling != Pooling::class_token) refuse_vit(weights.name());
  Settings settings;
  settings.layout = "timesformer";
  settings.grid = grid;
  settings.heads = own.heads > 0 ? own.heads : vit::heads_of(of, weights.name());
  settings.depth = own.depth > 0 ? own.depth : of.depth;
  settings.frames = frames;
  settings.activation = own.activation;
  settings.eps = own.eps;
  settings.stretch = own.stretch;
  settings.preprocessing = own.preprocessing;
  settings.notes = own.notes;
  tell(settings, told, folder.config ? folder.config->file() : "", images_file(folder));
  return settings;
}

}  // namespace graft::models::timesformer
