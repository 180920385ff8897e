#include <fmt/ranges.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/models/clip/clip_names.h"
#include "graft/models/clip/clip_settings.h"
#include "graft/models/clip/clip_texts.h"
#include "graft/models/clip/text_tower.h"
#include "graft/models/model.h"
#include "graft/models/preprocessing.h"
#include "graft/models/unwrap.h"
#include "graft/models/vit/vision_tower.h"

namespace graft::models::clip {
namespace {

int64_t heads_of(int64_t asked, int64_t width, const char* tower) {
  const auto heads = asked > 0 ? asked : width / 64;
  if (heads < 1 || width % heads != 0 || (asked == 0 && width % 64 != 0)) {
    throw ModelError(
        "clip",
        "the {} tower is {} wide, which {} heads do not divide. Say how many there are with --heads and --text-heads.",
        tower, width, heads);
  }
  return heads;
}

std::shared_ptr<nn::Linear> read_proj(CheckpointReader& reader, const Names& names, const TowerNames& tower,
                                      nn::Tower kind, int64_t width, int64_t out, nn::Place place) {
  nn::Site site;
  site.path = to_string(kind) + ".proj";
  site.tower = kind;
  site.in = width;
  site.out = out;
  site.place = place;
  site.checkpoint = reader.full(tower.proj);
  const auto ours = site.path + ".weight";
  const auto weight = names.proj_is_linear
                          ? reader.take_matrix(ours, {std::string(tower.proj) + ".weight"}, {out, width})
                          : reader.take_matrix(ours, {tower.proj}, {out, width}, {.shape = {}, .transposed = true});
  return std::make_shared<nn::Linear>(std::move(site), weight, at::Tensor(), tensor::Precision::fp32);
}

int64_t joint_width(const CheckpointReader& reader, const Names& names) {
  return names.proj_is_linear ? sizes_of(reader, std::string(names.vision.proj) + ".weight", 2)[0]
                              : sizes_of(reader, names.vision.proj, 2)[1];
}

BlocksPlan blocks_plan(const Names& names, const TowerNames& tower, tensor::Precision precision) {
  BlocksPlan plan;
  plan.theirs = tower.blocks;
  plan.names = names.block;
  plan.precision = precision;
  return plan;
}

std::shared_ptr<VisionTower> read_vision(CheckpointReader& reader, const Names& names, const Settings& settings,
                                         const LoadOptions& options) {
  const auto patch = sizes_of(reader, names.patch, 4);  // [D, 3, p, p]
  const auto rows = sizes_of(reader, names.vision.positions, 2)[0] - 1;
  const auto side = std::llround(std::sqrt(double(rows)));
  if (patch[2] != patch[3] || rows < 1 || side * side != rows) {
    throw ModelError("clip", "{}: expected square patches on a square grid, got [{}] and {} positions.",
                     reader.full(names.patch), fmt::join(patch, ", "), rows + 1);
  }
  const auto width = patch[0], size = patch[2];
  VisionParts parts;
  parts.width = width;
  const auto weight =
      reader.take_matrix("vision.patch.weight", {names.patch}, {width, patch[1] * size * size}, {.shape = patch});
  parts.patch = std::make_shared<nn::PatchEmbedding>(weight, at::Tensor(), patch[1], size, options.precision);
  parts.cls = reader.take("vision.cls", names.cls, {width});
  const auto positions = reader.take("vision.positions", names.vision.positions, {rows + 1, width});
  const auto stretch = names.proj_is_linear ? nn::Stretch::bicubic : nn::Stretch::antialiased;
  parts.positions = nn::Positions(positions, 1, {side, side}, stretch);
  if (reader.has(std::string(names.norm_pre) + ".weight")) {
    parts.norm_pre =
        read_norm(reader, "vision.norm_pre", names.norm_pre, width, settings.vision.eps, options.precision);
  }
  auto plan = blocks_plan(names, names.vision, options.precision);
  plan.width = width;
  plan.depth = settings.vision_depth;
  plan.heads = settings.vision.heads;
  plan.eps = settings.vision.eps;
  plan.activation = settings.vision.activation;
  plan.patch_numbers = parts.patch->numbers();
  parts.blocks = read_blocks(reader, plan);
  parts.norm = read_norm(reader, "vision.norm", names.vision.norm, width, settings.vision.eps, options.precision);
  parts.pooling = settings.pooling;
  const nn::Place pooled = 2 + parts.blocks->size();
  parts.proj = read_proj(reader, names, names.vision, nn::Tower::vision, width, joint_width(reader, names), pooled);
  return std::make_shared<VisionTower>(std::move(parts));
}

std::shared_ptr<TextTower> read_text(CheckpointReader& reader, const Names& names, const Settings& settings,
                                     const LoadOptions& options, std::shared_ptr<const text::ClipTokenizer> tokenizer,
                                     nn::Place place, bool alone = false) {
  const auto words = sizes_of(reader, names.words, 2), positions = sizes_of(reader, names.text.positions, 2);
  const auto width = words[1];
  TextParts parts;
  parts.place = place;
  parts.alone = alone;
  parts.tokenizer = std::move(tokenizer);
  parts.truncate = options.told.truncate.value_or(false);
  parts.embedding = reader.take_table("text.embedding", names.words, {words[0], width});
  parts.positions = reader.take("text.positions", names.text.positions, {positions[0], width});
  auto plan = blocks_plan(names, names.text, options.precision);
  plan.tower = nn::Tower::text;
  plan.width = width;
  plan.depth = settings.text_depth;
  plan.heads = settings.text.heads;
  plan.eps = settings.text.eps;
  plan.activation = settings.text.activation;
  plan.causal = true;
  plan.tokens = false;
  plan.place = alone ? 1 : place;
  plan.later_place = alone;
  parts.blocks = read_blocks(reader, plan);
  parts.norm = read_norm(reader, "text.norm", names.text.norm, width, settings.text.eps, options.precision);
  parts.proj = read_proj(reader, names, names.text, nn::Tower::text, width, joint_width(reader, names),
                         alone ? 2 + parts.blocks->size() : place);
  return std::make_shared<TextTower>(std::move(parts));
}

// Settings with the tokenizer, which may be why there is no text.
Texts read_texts(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names,
                 Settings& settings) {
  auto texts = texts_of(folder, !names.proj_is_linear, sizes_of(reader, names.words, 2)[0]);
  if (settings.no_text.empty()) settings.no_text = texts.refused;
  if (!settings.no_text.empty()) {
    settings.notes.push_back({.text = fmt::format("images alone: {}", settings.no_text), .numbers = false});
  }
  return texts;
}

Settings read_settings(const io::ModelFolder& folder, const CheckpointReader& reader, const Names& names,
                       const Told& told) {
  const auto patch = sizes_of(reader, names.patch, 4)[2];
  const auto side = std::llround(std::sqrt(double(sizes_of(reader, names.vision.positions, 2)[0] - 1)));
  return settings_of(folder, reader, names, static_cast<int>(side * patch), told);
}

bool recognises(const io::ModelFolder&, const io::Weights& weights) {
  return find_names(weights) != nullptr;
}

ModelInfo info_of(const io::ModelFolder& folder, const Settings& settings) {
  ModelInfo info;
  info.source = folder.path.string();
  info.family = "clip";
  info.layout = settings.layout;
  info.preprocessing = settings.preprocessing;
  info.own_size = info.preprocessing.output();
  info.vision = settings.vision;
  info.text = settings.text;
  info.pooling = settings.pooling == Pooling::class_token ? "token" : "avg";
  info.no_text = settings.no_text;
  info.notes = settings.notes;
  return info;
}

// Buffers and sizes, of which a CLIP here has no use.
void ignore_what_lies_beside(CheckpointReader& reader) {
  reader.ignore({"logit_bias", kOpenAiBuffers[0], kOpenAiBuffers[1], kOpenAiBuffers[2], "attn_mask",
                 "vision_model.embeddings.position_ids", "text_model.embeddings.position_ids"});
}

// The text tower as a reader of texts.
std::unique_ptr<Model> load_texts(const io::ModelFolder& folder, CheckpointReader& reader, const Names& names,
                                  Settings settings, const LoadOptions& options) {
  auto texts = read_texts(folder, reader, names, settings);
  if (!settings.no_text.empty()) {
    throw ModelError("clip", "--reads text: of {} graft reads the images alone: {}.", folder.path.string(),
                     settings.no_text);
  }
  const auto text =
      read_text(reader, names, settings, options, std::move(texts.tokenizer), /*place=*/0, /*alone=*/true);
  reader.ignore({"visual.*", "vision_model.*", "visual_projection.*", "logit_scale"});
  ignore_what_lies_beside(reader);
  auto info = info_of(folder, settings);
  info.description = fmt::format("text {}x{} of a CLIP", text->blocks(), text->width(1));
  auto origins = reader.finish(fmt::format("CLIP ({})", settings.layout));
  return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{text}, std::move(info), options.precision,
                                 std::move(origins));
}

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  const auto* names = find_names(weights);
  if (!names) throw ModelError("clip", "{} has neither open_clip's nor transformers' names of a CLIP.", weights.name());
  CheckpointReader reader(weights);
  const auto patch = sizes_of(reader, names->patch, 4)[2];
  auto settings = read_settings(folder, reader, *names, options.told);
  settings.vision.heads = heads_of(settings.vision.heads, sizes_of(reader, names->patch, 4)[0], "image");
  settings.text.heads = heads_of(settings.text.heads, sizes_of(reader, names->words, 2)[1], "text");

  if (options.told.reads == data::Reads::text) return load_texts(folder, reader, *names, std::move(settings), options);
  const auto vision = read_vision(reader, *names, settings, options);
  auto texts = read_texts(folder, reader, *names, settings);
  const auto text = read_text(reader, *names, settings, options, std::move(texts.tokenizer), vision->last());
  const bool wrapped = reader.has("logit_scale") && reader.shape("logit_scale").size() == 1;
  const auto logit_scale =
      reader.take_as("logit_scale", "logit_scale", {}, wrapped ? std::vector<int64_t>{1} : std::vector<int64_t>{});
  ignore_what_lies_beside(reader);

  auto info = info_of(folder, settings);
  if (options.image_size) info.preprocessing = at_size(info.preprocessing, *options.image_size, patch);
  info.description = fmt::format("ViT {}/{} {}x{} + text {}x{}", info.preprocessing.output().height, patch,
                                 vision->blocks(), vision->width(1), text->blocks(), text->width(1));
  auto origins = reader.finish(fmt::format("CLIP ({})", settings.layout));
  return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{vision, text}, std::move(info), options.precision,
                                 std::move(origins), logit_scale);
}

}  // namespace

TextSide text_side_of(const io::ModelFolder& folder) {
  const auto file = folder.open();
  const auto weights = unwrap(file, [&](const auto& tensors) { return recognises(folder, tensors); }).weights;
  const auto* names = find_names(weights);
  if (!names) throw ModelError("tokenize", "{} reads no text. Name a CLIP.", folder.path.string());
  const CheckpointReader reader(weights);
  auto settings = read_settings(folder, reader, *names, {});
  auto texts = read_texts(folder, reader, *names, settings);
  if (!settings.no_text.empty()) {
    throw ModelError("tokenize", "{}: graft reads its images alone: {}.", folder.path.string(), settings.no_text);
  }
  return {std::move(texts.tokenizer), sizes_of(reader, names->text.positions, 2)[0]};
}

extern const Family family = {"clip", "images and texts in one space (Radford et al. 2021), ViT image towers",
                              "open_clip, openai, hf", recognises, load};

}  // namespace graft::models::clip
