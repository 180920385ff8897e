#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/core/registry.h"
#include "graft/models/model.h"
#include "graft/models/unwrap.h"

namespace graft::models {

#define MODEL(name)           \
  namespace name {            \
  extern const Family family; \
  }
#include "graft/models/models.def"
#undef MODEL

const std::vector<Family>& families() {
  static const std::vector<Family> all = {
#define MODEL(name) name::family,
#include "graft/models/models.def"
#undef MODEL
  };
  return all;
}

namespace {

constexpr size_t kNamesShown = 5;

// What its own files call a model that graft does not know.
std::string said_kind(const io::ModelFolder& folder) {
  if (folder.config) {
    for (const auto* key : {"model_type", "architecture"}) {
      const auto& kind = folder.config->raw(key);
      if (kind.is_string()) return fmt::format(" ({} calls it '{}')", folder.config->file(), kind.get<std::string>());
    }
  }
  if (folder.open_clip_config) {
    const auto config = folder.open_clip_config->object("model_cfg");
    for (const auto* tower : {"vision_cfg", "text_cfg"}) {
      for (const auto* key : {"timm_model_name", "hf_model_name"}) {
        const auto& kind = config.object(tower).raw(key);
        if (kind.is_string()) {
          return fmt::format(" ({} says {}.{} = \"{}\", and graft reads open_clip's own towers alone)",
                             folder.open_clip_config->file(), tower, key, kind.get<std::string>());
        }
      }
    }
  }
  return {};
}

const Family& recognise(const io::ModelFolder& folder, const io::Weights& weights) {
  for (const auto& family : families()) {
    if (family.recognises(folder, weights)) return family;
  }
  std::vector<std::string> seen, known;
  for (const auto& [name, view] : weights.tensors()) {
    if (seen.size() < kNamesShown) seen.push_back(name);
  }
  for (const auto& family : families())
    known.push_back(fmt::format("{} ({})", family.name, family.layouts));
  throw ModelError("model", "{} is no model that graft knows{}: its {} tensors begin with {}. Known: {}.",
                   weights.name(), said_kind(folder), weights.tensors().size(), fmt::join(seen, ", "),
                   fmt::join(known, "; "));
}

const Family* family_asked(const std::string& as) {
  return as.empty() ? nullptr : &find_named("model", "family of models", families(), as);
}

// What only ResNets are asked for.
void check_maps(const Family& family, const Told& told, const io::ModelFolder& folder) {
  const std::string name = family.name;
  if (name == "resnet" || name == "deeplab" || (!told.decoder && !told.output_stride)) return;
  throw ConfigError("model", "--{}: {} is of the family {}, and it is for ResNets. Leave it out.",
                    told.decoder ? "decoder" : "output-stride", folder.path.string(), name);
}

// The family that reads a checkpoint of `family` as it was asked to be.
const Family& inflating(const Family& family, const Told& told, const io::ModelFolder& folder) {
  if (told.inflate_frames && told.inflate != Inflate::timesformer) {
    throw ConfigError("model", "--inflate-frames goes with --inflate timesformer. Leave it out.");
  }
  if (!told.inflate) return family;
  const std::string name = family.name;
  const bool to_i3d = *told.inflate == Inflate::i3d;
  if (name != (to_i3d ? "resnet" : "vit")) {
    throw ConfigError("model",
                      "--inflate {}: {} is of the family {}: expected {}. Leave it out, or name another model.",
                      option::print(*told.inflate), folder.path.string(), name, to_i3d ? "a ResNet" : "a ViT");
  }
  return to_i3d ? family : find_named("model", "family of models", families(), "timesformer");
}

// Without a family that is asked for, of any.
Unwrapped taken_out(const io::ModelFolder& folder, const io::Weights& weights, const Family* asked) {
  return unwrap(weights, [&](const io::Weights& tensors) {
    if (asked) return asked->recognises(folder, tensors);
    return std::ranges::any_of(families(), [&](const auto& family) { return family.recognises(folder, tensors); });
  });
}

}  // namespace

io::Weights own_weights(const io::ModelFolder& folder, const io::Weights& weights, const std::string& as) {
  return taken_out(folder, weights, family_asked(as)).weights;
}

std::unique_ptr<Model> load_model(const io::ModelFolder& folder, const LoadOptions& options) {
  return load_model(folder, folder.open(), options);
}

std::unique_ptr<Model> load_model(const io::ModelFolder& folder, const io::Weights& weights,
                                  const LoadOptions& options) {
  const auto* asked = family_asked(options.as);
  const auto unwrapped = taken_out(folder, weights, asked);
  const auto& family = inflating(asked ? *asked : recognise(folder, unwrapped.weights), options.told, folder);
  check_maps(family, options.told, folder);
  try {
    auto model = family.load(folder, unwrapped.weights, options);
    const auto reads = model->reader().name() == nn::Tower::text ? data::Reads::text : data::Reads::photo;
    if (options.told.reads.value_or(reads) != reads) {
      throw ConfigError("model", "--reads {}: {} reads {} and nothing else. Leave it out.",
                        option::print(*options.told.reads), folder.path.string(), data::unit_of(reads));
    }
    model->add_notes(unwrapped.notes);
    return model;
  } catch (const nlohmann::json::exception& error) {
    throw ModelError("model", "{}: its JSON files do not say what they should: {}", folder.path.string(), error.what());
  }
}

}  // namespace graft::models
