#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/models/model.h"
#include "graft/models/preprocessing.h"
#include "graft/models/resnet/resnet_shape.h"
#include "graft/models/timesformer/timesformer_names.h"
#include "graft/models/vit/timm_config.h"
#include "graft/models/vit/vision_tower.h"
#include "graft/models/vit/vit_names.h"
#include "graft/models/vit/vit_settings.h"

namespace graft::models::vit {
namespace {

struct Placement {
  int64_t prefix = 0;  // positions of tokens before the patches
  nn::Grid grid;
};

// How the positions divide into those of the tokens before the patches and a grid of patches. timm has positions for
// all or none of these tokens, and its config says which; the others for the class token alone.
Placement placement_of(const Shape& shape, const Settings& settings, const std::string& where) {
  const auto classes = int64_t{shape.has(kClass)};
  std::vector<int64_t> prefixes = {settings.layout == "timm" ? shape.before() : classes + shape.has(kDistilled), 0,
                                   classes};
  if (settings.placed) prefixes = {*settings.placed};
  std::optional<nn::Grid> grid;
  if (settings.image) grid = nn::Grid{settings.image->rows / shape.patch, settings.image->columns / shape.patch};
  for (const auto prefix : prefixes) {
    if (grid && shape.positions - prefix == grid->count()) return {prefix, *grid};
  }
  for (const auto prefix : prefixes) {
    const auto side = std::llround(std::sqrt(double(std::max<int64_t>(shape.positions - prefix, 0))));
    if (side > 0 && side * side == shape.positions - prefix) return {prefix, {side, side}};
  }
  throw ModelError("vit",
                   "{}: {} positions are no square grid beside {} class and {} register tokens. "
                   "A config beside the weights says the image size.",
                   where, shape.positions, classes, shape.registers);
}

// What the user said where no file does.
void tell(Settings& settings, const io::ModelFolder& folder, const Told& told) {
  const auto towers_file = folder.config ? folder.config->file() : "";
  const bool timm_says = folder.config && folder.config->has("pretrained_cfg");
  const auto images_file = folder.preprocessor_config ? folder.preprocessor_config->file()
                           : timm_says                ? towers_file
                                                      : std::string();
  const auto tower = with_told({.heads = settings.heads, .activation = settings.activation, .eps = settings.eps}, told,
                               told.heads, towers_file);
  settings.heads = tower.heads;
  settings.activation = tower.activation;
  settings.preprocessing = with_told(settings.preprocessing, told, images_file);
}

class VitReader {
 public:
  VitReader(const io::ModelFolder& folder, const io::Weights& weights, const Found& found, const LoadOptions& options)
      : folder_(folder),
        options_(options),
        names_(*found.names),
        reader_(weights, found.prefix),
        checkpoint_(weights.name()),
        shape_(shape_of(reader_, names_)) {}

  std::unique_ptr<Model> read() {
    const auto width = shape_.width, rows = shape_.positions;
    const auto prefix = shape_.has(kClass) + shape_.has(kDistilled);
    const auto trained = shape_.patch * static_cast<int64_t>(std::sqrt(double(std::max<int64_t>(rows - prefix, 1))));
    settings_ = settings_of(folder_, reader_, names_, shape_, static_cast<int>(trained));
    tell(settings_, folder_, options_.told);
    const auto placement = placement_of(shape_, settings_, reader_.full(names_.positions));

    VisionParts parts;
    parts.width = width;
    parts.patch = read_patch();
    if (shape_.has(kClass)) parts.cls = reader_.take_as("vision.cls", names_.cls, {width}, {1, 1, width});
    if (shape_.has(kDistilled)) {
      parts.distillation = reader_.take_as("vision.distillation", names_.distillation, {width}, {1, 1, width});
    }
    if (const auto count = shape_.registers; count > 0) {
      parts.registers = reader_.take_as("vision.registers", names_.registers, {count, width}, {1, count, width});
    }
    const auto table = reader_.take_as("vision.positions", names_.positions, {rows, width}, {1, rows, width});
    parts.positions = nn::Positions(table, placement.prefix, placement.grid, settings_.stretch);
    if (shape_.has(kNormPre)) parts.norm_pre = norm("norm_pre", names_.norm_pre);
    parts.blocks = read_blocks(reader_, plan());
    if (settings_.final_norm) parts.norm = norm("norm", shape_.fc_norm ? "fc_norm" : names_.norm);
    parts.pooling = settings_.pooling;
    return finish(std::move(parts));
  }

 private:
  std::shared_ptr<nn::PatchEmbedding> read_patch() {
    const std::string name = names_.patch;
    const auto side = shape_.patch, inputs = shape_.channels * side * side;
    const auto weight = reader_.take_matrix("vision.patch.weight", {name + ".weight"}, {shape_.width, inputs},
                                            {.shape = {shape_.width, shape_.channels, side, side}});
    at::Tensor bias;  // absent behind norm_pre
    if (!shape_.has(kNormPre) || reader_.has(name + ".bias"))
      bias = reader_.take("vision.patch.bias", name + ".bias", {shape_.width});
    return std::make_shared<nn::PatchEmbedding>(weight, bias, shape_.channels, side, options_.precision);
  }

  std::shared_ptr<nn::LayerNorm> norm(const std::string& ours, const std::string& theirs) {
    return read_norm(reader_, "vision." + ours, theirs, shape_.width, settings_.eps, options_.precision);
  }

  BlocksPlan plan() const {
    BlocksPlan plan;
    plan.theirs = names_.blocks;
    plan.names = names_.block;
    plan.width = shape_.width;
    plan.depth = settings_.depth;
    plan.heads = settings_.heads > 0 ? settings_.heads : heads_of(shape_, checkpoint_);
    if (shape_.width % plan.heads != 0) {
      throw ModelError("vit", "{}: {} heads do not divide a width of {}.", checkpoint_, plan.heads, shape_.width);
    }
    plan.eps = settings_.eps;
    plan.activation = settings_.activation;
    plan.precision = options_.precision;
    plan.qkv_bias = shape_.has(kQkvBias);
    plan.patch_numbers = shape_.channels * shape_.patch * shape_.patch;
    return plan;
  }

  std::unique_ptr<Model> finish(VisionParts parts) {
    const auto full = [&](const char* name) { return reader_.full(name); };
    reader_.ignore({"head.*", "head_dist.*", "classifier.*", "cls_classifier.*", "distillation_classifier.*",
                    "decoder.*", "decoder_*", full("pooler.*"), full("mask_token"), full("embeddings.mask_token")});
    ModelInfo info;
    info.source = folder_.path.string();
    info.family = "vit";
    info.layout = settings_.layout;
    info.preprocessing = settings_.preprocessing;
    info.own_size = info.preprocessing.output();
    info.vision = {.heads = plan().heads, .activation = settings_.activation, .eps = settings_.eps};
    const bool mean = settings_.pooling == Pooling::patch_mean || settings_.pooling == Pooling::normed_patch_mean;
    info.pooling = mean ? "avg" : "token";
    if (options_.image_size) info.preprocessing = at_size(info.preprocessing, *options_.image_size, shape_.patch);
    const auto output = info.preprocessing.output();
    parts.pixels = {output.height, output.width};
    info.notes = settings_.notes;
    if (const auto& names = reader_.ignored(); !names.empty()) {
      const auto shown = std::min<size_t>(names.size(), 3);
      info.notes.push_back(
          {.text = fmt::format("left aside: {}{}", fmt::join(names.begin(), names.begin() + shown, ", "),
                               names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : ""),
           .numbers = false});
    }
    info.description = fmt::format("ViT {}/{} {}x{}", output.height, shape_.patch, parts.blocks->size(), shape_.width);
    auto origins = reader_.finish(fmt::format("ViT ({})", settings_.layout));
    return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{std::make_shared<VisionTower>(std::move(parts))},
                                   std::move(info), options_.precision, std::move(origins));
  }

  const io::ModelFolder& folder_;
  const LoadOptions& options_;
  const Names& names_;
  CheckpointReader reader_;
  std::string checkpoint_;
  Shape shape_;
  Settings settings_;
};

bool is_another_network_of_timm(const io::ModelFolder& folder) {
  if (!folder.config || !is_timm_config(*folder.config)) return false;
  try {
    timm_architecture(folder.config->need<std::string>("architecture"), folder.config->file());
    return false;
  } catch (const ModelError&) {
    return true;
  }
}

// Also timm's other networks: such a folder is refused by its architecture's name and not by its tensors'. Those with
// a family of their own are that one's.
bool recognises(const io::ModelFolder& folder, const io::Weights& weights) {
  if (timesformer::find_names(weights)) return false;
  return find_names(weights) || (is_another_network_of_timm(folder) && !resnet::is_resnet(weights));
}

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  if (folder.config && is_timm_config(*folder.config)) {
    timm_architecture(folder.config->need<std::string>("architecture"), folder.config->file());
  }
  const auto found = find_names(weights);
  if (!found) throw ModelError("vit", "{} has none of the names that a ViT's blocks go by.", weights.name());
  return VitReader(folder, weights, *found, options).read();
}

}  // namespace

extern const Family family = {"vit", "images alone: ViT, DINO, DINOv2 with or without registers",
                              "timm, hf, dino, dinov2", recognises, load};

}  // namespace graft::models::vit
