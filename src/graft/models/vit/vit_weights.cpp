#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/core/error.h"
#include "graft/models/preprocessing.h"
#include "graft/models/vit/vision_tower.h"
#include "graft/models/vit/vit_names.h"
#include "graft/models/vit/vit_settings.h"

namespace graft::models::vit {
namespace {

struct Placement {
  int64_t prefix = 0;  // positions of tokens before the patches
  nn::Grid grid;
};

// How `rows` positions divide into those of the `before` tokens (class token, registers) and a grid of patches. timm
// has positions for all or none of these tokens; the others for the class token alone.
Placement placement_of(int64_t rows, int64_t classes, int64_t registers, std::optional<nn::Grid> grid, bool timm,
                       const std::string& where) {
  const auto first = timm ? classes + registers : classes;
  for (const auto prefix : {first, int64_t{0}, classes}) {
    if (grid && rows - prefix == grid->count()) return {prefix, *grid};
  }
  for (const auto prefix : {first, int64_t{0}, classes}) {
    const auto side = std::llround(std::sqrt(double(std::max<int64_t>(rows - prefix, 0))));
    if (side > 0 && side * side == rows - prefix) return {prefix, {side, side}};
  }
  throw ModelError("vit",
                   "{}: {} positions are no square grid beside {} class and {} register tokens. "
                   "A config beside the weights says the image size.",
                   where, rows, classes, registers);
}

class VitReader {
 public:
  VitReader(const io::ModelFolder& folder, const io::Weights& weights, const Found& found, const LoadOptions& options)
      : folder_(folder), options_(options), names_(*found.names), reader_(weights, found.prefix) {}

  std::unique_ptr<Model> read() {
    const auto patch = sizes_of(reader_, std::string(names_.patch) + ".weight", 4);  // [D, channels, p, p]
    const auto positions = sizes_of(reader_, names_.positions, 3);                   // [1, rows, D]
    if (patch[2] != patch[3]) {
      throw ModelError("vit", "{}: expected square patches [D, 3, p, p], got [{}].", reader_.full(names_.patch),
                       fmt::join(patch, ", "));
    }
    const auto size = patch[2];
    const bool classes = reader_.has(names_.cls), registers = reader_.has(names_.registers);
    const int64_t count = registers ? sizes_of(reader_, names_.registers, 3)[1] : 0;
    const auto rows = positions[1];
    const auto trained = size * static_cast<int64_t>(std::sqrt(double(std::max<int64_t>(rows - classes, 1))));
    settings_ = settings_of(folder_, reader_, names_, static_cast<int>(trained));
    std::optional<nn::Grid> grid;
    if (settings_.image) grid = nn::Grid{settings_.image->rows / size, settings_.image->columns / size};
    const bool timm = std::string(names_.registers) == "reg_token";
    const auto placement = placement_of(rows, classes, count, grid, timm, reader_.full(names_.positions));

    VisionParts parts;
    parts.width = patch[0];
    parts.patch = read_patch(patch);
    if (classes) parts.cls = reader_.take_as("vision.cls", names_.cls, {parts.width}, {1, 1, parts.width});
    if (registers) {
      parts.registers =
          reader_.take_as("vision.registers", names_.registers, {count, parts.width}, {1, count, parts.width});
    }
    const auto table =
        reader_.take_as("vision.positions", names_.positions, {rows, parts.width}, {1, rows, parts.width});
    parts.positions = nn::Positions(table, placement.prefix, placement.grid, settings_.stretch);
    if (*names_.norm_pre && reader_.has(std::string(names_.norm_pre) + ".weight"))
      parts.norm_pre = norm("norm_pre", names_.norm_pre);
    parts.blocks = read_blocks(reader_, plan(parts.width));
    parts.norm = norm("norm", settings_.pooling == Pooling::patch_mean ? "fc_norm" : names_.norm);
    parts.pooling = settings_.pooling;
    return finish(std::move(parts), size);
  }

 private:
  std::shared_ptr<nn::PatchEmbedding> read_patch(const std::vector<int64_t>& shape) {
    const std::string name = names_.patch;
    const auto weight = reader_.take_matrix("vision.patch.weight", {name + ".weight"},
                                            {shape[0], shape[1] * shape[2] * shape[3]}, {.shape = shape});
    at::Tensor bias;  // absent behind norm_pre
    const bool biased =
        !*names_.norm_pre || !reader_.has(std::string(names_.norm_pre) + ".weight") || reader_.has(name + ".bias");
    if (biased) bias = reader_.take("vision.patch.bias", name + ".bias", {shape[0]});
    return std::make_shared<nn::PatchEmbedding>(weight, bias, shape[1], shape[2], options_.precision);
  }

  std::shared_ptr<nn::LayerNorm> norm(const std::string& ours, const std::string& theirs) {
    return read_norm(reader_, "vision." + ours, theirs, width(), settings_.eps, options_.precision);
  }

  int64_t width() const { return reader_.shape(std::string(names_.patch) + ".weight")[0]; }

  BlocksPlan plan(int64_t width) const {
    BlocksPlan plan;
    plan.theirs = names_.blocks;
    plan.names = names_.block;
    plan.width = width;
    plan.depth = settings_.depth;
    plan.heads = settings_.heads > 0 ? settings_.heads : width / 64;
    if (plan.heads < 1 || width % plan.heads != 0 || (settings_.heads == 0 && width % 64 != 0)) {
      throw ModelError("vit",
                       "a width of {} is not divided by {} heads. A config.json beside the weights says how many.",
                       width, plan.heads);
    }
    plan.eps = settings_.eps;
    plan.activation = settings_.activation;
    plan.precision = options_.precision;
    const auto first = std::string(names_.block.qkv ? names_.block.qkv : names_.block.q);
    plan.qkv_bias = reader_.has(names_.blocks + std::string("0.") + first + ".bias");
    return plan;
  }

  std::unique_ptr<Model> finish(VisionParts parts, int64_t patch) {
    const auto full = [&](const char* name) { return reader_.full(name); };
    reader_.ignore({"head.*", "head_dist.*", "classifier.*", "decoder.*", full("pooler.*"), full("mask_token"),
                    full("embeddings.mask_token")});
    ModelInfo info;
    info.source = folder_.path.string();
    info.family = "vit";
    info.layout = settings_.layout;
    info.preprocessing = settings_.preprocessing;
    if (options_.image_size) info.preprocessing = at_size(info.preprocessing, *options_.image_size, patch);
    info.notes = settings_.notes;
    if (const auto& names = reader_.ignored(); !names.empty()) {
      const auto shown = std::min<size_t>(names.size(), 3);
      info.notes.push_back(
          {.text = fmt::format("left aside: {}{}", fmt::join(names.begin(), names.begin() + shown, ", "),
                               names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : ""),
           .numbers = false});
    }
    info.description =
        fmt::format("ViT {}/{} {}x{}", info.preprocessing.output().height, patch, parts.blocks->size(), parts.width);
    auto origins = reader_.finish(fmt::format("ViT ({})", settings_.layout));
    return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{std::make_shared<VisionTower>(std::move(parts))},
                                   std::move(info), options_.precision, std::move(origins));
  }

  const io::ModelFolder& folder_;
  const LoadOptions& options_;
  const Names& names_;
  CheckpointReader reader_;
  Settings settings_;
};

bool recognises(const io::ModelFolder&, const io::Weights& weights) {
  return find_names(weights).has_value();
}

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  const auto found = find_names(weights);
  if (!found) throw ModelError("vit", "{} has none of the names that a ViT's blocks go by.", weights.name());
  return VitReader(folder, weights, *found, options).read();
}

}  // namespace

extern const Family family = {"vit", "images alone: ViT, DINO, DINOv2 with or without registers",
                              "timm, hf, dino, dinov2", recognises, load};

}  // namespace graft::models::vit
