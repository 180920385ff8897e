#include "graft/models/vit/timm_config.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/models/preprocessing.h"
#include "graft/models/timm_keys.h"

namespace graft::models::vit {
namespace {

using io::JsonObject;
using tensor::Activation;

constexpr const char* kOtherModel = "graft's blocks do not compute this.";
constexpr const char* kNotUnderstood = "It could change the features, so nothing was loaded.";

// The model that is described: the architecture with what model_args change.
struct Described {
  const Architecture* base;
  JsonObject args;
  int64_t width, depth, heads, patch, registers;
  unsigned traits;
  Activation activation;
  double eps;
  std::string pooling;
};

unsigned with(unsigned traits, Trait which, bool there) {
  return there ? traits | which : traits & ~unsigned{which};
}

Activation activation_of(const JsonObject& args, Activation usual) {
  args.expect("act_layer", {"gelu", "gelu_tanh", "quick_gelu", "quickgelu", "relu", "silu", "swish"}, kOtherModel);
  const auto name = args.get<std::string>("act_layer", "");
  if (name == "gelu") return Activation::gelu;
  if (name == "gelu_tanh") return Activation::gelu_tanh;
  if (name == "relu") return Activation::relu;
  if (name == "silu" || name == "swish") return Activation::silu;
  return name.empty() ? usual : Activation::quick_gelu;
}

const char* to_text(TimmPooling pooling) {
  return pooling == TimmPooling::token ? "token" : pooling == TimmPooling::avg ? "avg" : "map";
}

// 0 and false stand for none in what timm calls init_values.
bool has_scale(const JsonObject& args, bool usual) {
  const auto& value = args.raw("init_values");
  if (value.is_null()) return usual;
  return !value.is_boolean() ? args.get("init_values", 0.0) != 0 : value.get<bool>();
}

Described described(const JsonObject& config) {
  const auto name = config.get<std::string>("architecture", "");
  const auto& base = timm_architecture(name, config.file());
  const auto args = config.object("model_args");
  Described model{&base, args, 0, 0, 0, 0, 0, base.traits, base.activation, base.eps, to_text(base.pooling)};
  model.width = args.get("embed_dim", base.width);
  model.depth = args.get("depth", base.depth);
  model.heads = args.get("num_heads", base.heads);
  model.registers = args.get("reg_tokens", base.registers);
  const auto patch = pixels_of(args, "patch_size");
  model.patch = patch ? patch->rows : base.patch;
  if (patch && patch->rows != patch->columns)
    args.refuse(args.name_of("patch_size"), "a square", &args.raw("patch_size"));
  model.activation = activation_of(args, base.activation);
  args.expect("norm_layer", {"layernorm", "layer_norm", "layernormfp32", "LayerNorm"}, kOtherModel);
  if (args.has("norm_layer")) model.eps = 1e-6;  // timm's own, whatever the architecture had
  const auto trait = [&](Trait which, const char* key) {
    model.traits = with(model.traits, which, args.get(key, base.has(which)));
  };
  trait(kClass, "class_token");
  trait(kNormPre, "pre_norm");
  trait(kFinalNorm, "final_norm");
  trait(kQkvBias, "qkv_bias");
  trait(kPlacePatchesAlone, "no_embed_class");
  model.traits = with(model.traits, kScale, has_scale(args, base.has(kScale)));
  // The one at the top is what the saved model had; timm writes no empty one there.
  model.pooling = args.get("global_pool", config.get<std::string>("global_pool", model.pooling));
  return model;
}

// What model_args may say otherwise, as long as it is what graft computes.
void check_other_args(const JsonObject& args) {
  for (const auto* key : {"qk_norm", "scale_attn_norm", "scale_mlp_norm", "pool_include_prefix", "use_naflex",
                          "features_only", "distilled"}) {
    args.expect(key, {false}, kOtherModel);
  }
  args.expect("proj_bias", {true}, kOtherModel);
  args.expect("pos_embed", {"learn"}, kOtherModel);
  args.expect("attn_layer", {"", "attn"}, kOtherModel);
  args.expect("in_chans", {3}, "graft reads photos, of three channels.");
  // Told by the tensors.
  args.ignore({"mlp_ratio", "fc_norm", "num_classes"});
  // Of training, and of what an image may be.
  args.ignore({"drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate", "attn_drop_rate", "drop_path_rate",
               "drop_block_rate", "weight_init", "fix_init", "strict_img_size", "pretrained_strict", "device", "dtype",
               "scriptable", "exportable", "no_jit", "out_indices"});
}

void check_tensors(const JsonObject& config, const Described& model, const Shape& shape) {
  std::vector<std::string> wrong;
  const auto number = [&](const char* what, int64_t said, int64_t got) {
    if (said != got) wrong.push_back(fmt::format("{}: {}, the tensors have {}", what, said, got));
  };
  number("width", model.width, shape.width);
  number("blocks", model.depth, shape.depth);
  number("patch", model.patch, shape.patch);
  number("register tokens", model.registers, shape.registers);
  const auto part = [&](Trait which, const char* what) {
    const bool said = (model.traits & which) != 0;
    if (said != shape.has(which)) {
      wrong.push_back(fmt::format("{}: {}, the tensors have {}", what, said ? "one" : "none", said ? "none" : "one"));
    }
  };
  part(kClass, "class token");
  part(kDistilled, "distillation token");
  part(kNormPre, "norm before the blocks");
  part(kFinalNorm, "norm after the blocks");
  part(kScale, "LayerScale");
  part(kQkvBias, "bias on queries, keys and values");
  if (wrong.empty()) return;
  throw ModelError("vit",
                   "{} describes another model than the weights beside it are ({}, with its model_args):\n  {}\n"
                   "Correct it: model_args says what differs from the architecture.",
                   config.file(), model.base->name, fmt::join(wrong, "\n  "));
}

Pooling pooling_of(const JsonObject& config, const Described& model, const Shape& shape, std::vector<Note>& notes) {
  if (model.pooling == "map") {
    throw ModelError(
        "vit",
        "{}: graft does not know this architecture: {}: it pools by attention (global_pool = \"map\"). Saved by "
        "timm after reset_classifier(0, \"avg\") it can be read.",
        config.file(), model.base->name);
  }
  const bool token = model.pooling == "token" || (model.pooling.empty() && shape.has(kClass));
  if (model.pooling.empty()) {
    notes.push_back({fmt::format("{}: global_pool is empty: {} taken", config.file(),
                                 token ? "the class token is" : "the mean of the patches is")});
  } else if (model.pooling != "token" && model.pooling != "avg") {
    throw ModelError("vit", "{}: global_pool = \"{}\": expected token or avg. {}", config.file(), model.pooling,
                     kOtherModel);
  }
  if (token && !shape.has(kClass)) {
    throw ModelError("vit", "{}: global_pool = \"token\", but the model has no class token: expected avg.",
                     config.file());
  }
  if (shape.has(kDistilled)) {
    if (!token) {
      throw ModelError("vit", "{}: global_pool = \"{}\": expected token, for a distilled model.", config.file(),
                       model.pooling);
    }
    return Pooling::class_and_distillation;
  }
  if (token) return Pooling::class_token;
  return shape.fc_norm ? Pooling::patch_mean : Pooling::normed_patch_mean;
}

// Older files have pretrained_cfg's keys at the top.
JsonObject pretrained_of(const JsonObject& config) {
  return config.find_object("pretrained_cfg").value_or(config);
}

data::Size image_of(const JsonObject& pretrained, const Described& model, nn::Grid positions) {
  const bool padded = model.args.get("dynamic_img_pad", false);
  const bool dynamic = model.args.get("dynamic_img_size", padded);
  const auto said = pixels_of(pretrained, "input_size");
  // A model that was built for one size reads that.
  const auto image = said && (dynamic || !model.args.has("img_size")) ? *said : positions;
  if (padded && (image.rows % model.patch != 0 || image.columns % model.patch != 0)) {
    throw ModelError("vit", "{}: images of {} x {} are to be padded to whole patches of {}, which graft does not do.",
                     pretrained.file(), image.rows, image.columns, model.patch);
  }
  return {static_cast<int>(image.rows), static_cast<int>(image.columns)};
}

}  // namespace

bool is_timm_config(const JsonObject& config) {
  return config.find<std::string>("architecture").has_value();
}

std::optional<nn::Grid> pixels_of(const JsonObject& config, std::string_view key) {
  const auto& value = config.raw(key);
  if (value.is_null()) return std::nullopt;
  std::vector<int64_t> sides;
  if (value.is_number())
    sides.assign(2, config.get(key, int64_t{0}));
  else
    sides = config.get(key, std::vector<int64_t>());
  if (sides.size() == 3 && sides[0] == 3) sides.erase(sides.begin());
  constexpr int64_t kMost = 1 << 16;
  if (sides.size() != 2 || std::ranges::any_of(sides, [](int64_t side) { return side < 1 || side > kMost; })) {
    config.refuse(config.name_of(key), "pixels: one number, [H, W] or [3, H, W]", &value);
  }
  return nn::Grid{sides[0], sides[1]};
}

void read_timm(const JsonObject& config, const Shape& shape, Settings& settings) {
  if (!is_timm_config(config)) {
    throw ModelError(
        "vit", "{} names none of timm's architectures (\"architecture\"), and the weights beside it have timm's names.",
        config.file());
  }
  const auto model = described(config);
  check_other_args(model.args);
  const auto pretrained = pretrained_of(config);
  if (model.heads < 1 || model.width % model.heads != 0) {
    throw ModelError("vit", "{}: {} heads do not divide a width of {}.", config.file(), model.heads, model.width);
  }
  settings.pooling = pooling_of(config, model, shape, settings.notes);
  check_tensors(config, model, shape);
  settings.heads = model.heads;
  settings.depth = model.depth;
  settings.activation = model.activation;
  settings.eps = model.eps;
  settings.final_norm = shape.has(kFinalNorm);
  settings.placed = (model.traits & kPlacePatchesAlone) != 0 ? 0 : shape.before();
  const nn::Grid own = {model.base->image, model.base->image};
  const bool fixed = pretrained.get("fixed_input_size", false);
  settings.image = pixels_of(model.args, "img_size");
  if (!settings.image && fixed) settings.image = pixels_of(pretrained, "input_size");
  if (!settings.image) settings.image = own;
  settings.preprocessing = timm_preprocessing(pretrained, image_of(pretrained, model, *settings.image));
  ignore_timm_keys(pretrained);
  model.args.refuse_unread("vit", kNotUnderstood);
  const auto features = config.find<int64_t>("num_features");
  if (features && *features != model.width) {
    throw ModelError("vit", "{}: num_features = {}: expected {}, the model's width.", config.file(), *features,
                     model.width);
  }
  config.ignore({"num_classes", "label_names", "label_descriptions", "labels"});
  if (config.has("pretrained_cfg")) {
    pretrained.refuse_unread("vit", kNotUnderstood);
    // timm reads nothing else at the top: whatever stands there changes nothing.
    const auto rest = config.unread();
    if (!rest.empty()) {
      settings.notes.push_back(
          {.text = fmt::format("{}: left aside: {}", config.file(), fmt::join(rest, ", ")), .numbers = false});
    }
  } else {
    config.refuse_unread("vit", kNotUnderstood);
  }
}

}  // namespace graft::models::vit
