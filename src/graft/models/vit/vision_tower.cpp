#include "graft/models/vit/vision_tower.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::models {
namespace {

nn::Site tokens_site(int64_t width, const nn::PatchEmbedding& patches) {
  nn::Site site;
  site.path = "vision.tokens";
  site.kind = nn::SiteKind::tokens;
  site.in = site.out = width;
  site.patch_numbers = patches.numbers();
  return site;
}

}  // namespace

VisionTower::VisionTower(VisionParts parts)
    : Tower(parts.blocks->size(), parts.proj != nullptr, "pixels"),
      parts_(std::move(parts)),
      tokens_(tokens_site(parts_.width, *parts_.patch)) {
  register_module("patch", parts_.patch);
  if (parts_.cls.defined()) register_parameter("cls", parts_.cls, /*requires_grad=*/false);
  if (parts_.distillation.defined()) register_parameter("distillation", parts_.distillation, /*requires_grad=*/false);
  if (parts_.registers.defined()) register_parameter("registers", parts_.registers, /*requires_grad=*/false);
  register_parameter("positions", parts_.positions.weight(), /*requires_grad=*/false);
  if (parts_.norm_pre) register_module("norm_pre", parts_.norm_pre);
  register_module("blocks", parts_.blocks);
  if (parts_.norm) register_module("norm", parts_.norm);
  if (parts_.proj) register_module("proj", parts_.proj);
}

std::vector<nn::Joint*> VisionTower::joints() {
  std::vector<nn::Joint*> all;
  if (parts_.norm_pre) all.push_back(&tokens_);
  for (auto* joint : parts_.blocks->joints())
    all.push_back(joint);
  if (parts_.proj) all.push_back(&parts_.proj->joint());
  return all;
}

at::Tensor VisionTower::positions_at(data::Size image) const {
  const auto patch = parts_.patch->patch();
  return parts_.positions.at({image.height / patch, image.width / patch});
}

int64_t VisionTower::width(nn::Place place) const {
  return place > pooled() ? parts_.proj->joint().site().out : parts_.width;
}

nn::Layout VisionTower::layout(int64_t patches) const {
  nn::Layout layout;
  if (parts_.cls.defined()) layout.segments.push_back({nn::TokenKind::class_token, 1});
  if (parts_.distillation.defined()) layout.segments.push_back({nn::TokenKind::distillation, 1});
  if (parts_.registers.defined()) {
    layout.segments.push_back({nn::TokenKind::register_token, parts_.registers.size(0)});
  }
  layout.segments.push_back({nn::TokenKind::patch, patches});
  return layout;
}

nn::Value VisionTower::kept(at::Tensor x, nn::Place place) const {
  const auto frames = place > 0 && x.dim() == 4 ? x.size(1) : 1;
  nn::Value value{frames > 1 ? x.flatten(0, 1) : std::move(x)};
  if (place > 0 && place < pooled() && value.x.dim() == 3) value.layout = layout(value.x.size(1) - layout(0).total());
  value.layout.frames = frames;
  return value;
}

nn::Value VisionTower::embed(const nn::Value& read, const nn::Context& context) const {
  const auto& pixels = read.x;
  const auto patch = parts_.patch->patch();
  auto images = pixels;
  // A convolution leaves such an edge out; an image of another size is to have whole patches.
  if (nn::Grid{pixels.size(2), pixels.size(3)} == parts_.pixels) {
    images = pixels.narrow(2, 0, pixels.size(2) / patch * patch).narrow(3, 0, pixels.size(3) / patch * patch);
  }
  const auto patches = parts_.patch->forward(images, context);  // [B, N, D]
  const auto positions = parts_.positions.at({images.size(2) / patch, images.size(3) / patch});
  const auto placed = parts_.positions.prefix();  // how many of the tokens before the patches have positions
  std::vector<at::Tensor> before;
  if (parts_.cls.defined()) before.push_back(parts_.cls.unsqueeze(0));
  if (parts_.distillation.defined()) before.push_back(parts_.distillation.unsqueeze(0));
  if (parts_.registers.defined()) before.push_back(parts_.registers);
  const auto on_patches = patches + positions.narrow(0, placed, patches.size(1));
  auto inner = context;
  inner.layout = layout(patches.size(1));
  inner.layout.frames = read.layout.frames;
  auto tokens = on_patches;
  if (!before.empty()) {
    const auto prefix = at::cat(before);  // [C + R, D]
    const auto rows = prefix.size(0);
    const auto added = placed == 0 ? prefix
                                   : at::cat({prefix.narrow(0, 0, placed) + positions.narrow(0, 0, placed),
                                              prefix.narrow(0, placed, rows - placed)});
    tokens = at::cat({added.unsqueeze(0).expand({patches.size(0), -1, -1}), on_patches}, 1);
  }
  if (parts_.norm_pre) tokens = parts_.norm_pre->forward_float(tokens_.run_tokens(tokens, inner));
  return {tokens, std::move(inner.layout)};
}

at::Tensor VisionTower::normed(const at::Tensor& x) const {
  return parts_.norm ? parts_.norm->forward_float(x) : x;
}

at::Tensor VisionTower::patches_of(const nn::Value& tokens) const {
  return tokens.x.narrow(1, tokens.layout.begin(nn::TokenKind::patch), tokens.layout.count(nn::TokenKind::patch));
}

at::Tensor VisionTower::pool(nn::Value tokens, nn::Place from, const nn::Context& context) const {
  if (parts_.pooling == Pooling::class_token) {
    const auto row = [count = tokens.x.size(0),
                      options = tokens.x.options().dtype(at::kLong)](const nn::Layout& layout) {
      return at::full({count}, layout.begin(nn::TokenKind::class_token), options);
    };
    return normed(parts_.blocks->forward_rows(std::move(tokens), from - 1, row, context)).squeeze(1);
  }
  const auto out = parts_.blocks->forward(std::move(tokens), from - 1, blocks(), context);
  if (parts_.pooling == Pooling::class_and_distillation) {
    const auto first = out.x.select(1, out.layout.begin(nn::TokenKind::class_token));
    return (normed(first) + normed(out.x.select(1, out.layout.begin(nn::TokenKind::distillation)))) / 2;
  }
  const auto patches = patches_of(out);
  return parts_.pooling == Pooling::patch_mean ? normed(patches.mean(1)) : normed(patches).mean(1);
}

at::Tensor VisionTower::rows(const nn::Value& value) const {
  return value.x.dim() == 3 ? nn::mean_over_frames(rows_of_frames(value), value.layout.frames) : value.x;
}

at::Tensor VisionTower::rows_of_frames(const nn::Value& value) const {
  if (parts_.pooling == Pooling::class_token) {
    return value.x.select(1, value.layout.begin(nn::TokenKind::class_token)).contiguous();
  }
  if (parts_.pooling == Pooling::class_and_distillation) {
    return (value.x.select(1, value.layout.begin(nn::TokenKind::class_token)) +
            value.x.select(1, value.layout.begin(nn::TokenKind::distillation))) /
           2;
  }
  return patches_of(value).mean(1);
}

at::Tensor VisionTower::map(const nn::Value& value, nn::Place place) const {
  const auto patches = place == 1 + blocks() ? normed(patches_of(value)) : patches_of(value);  // [B, N, D]
  const auto count = patches.size(1);
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(count))));
  const auto own = parts_.positions.grid();
  const nn::Grid grid = own.count() == count ? own : nn::Grid{side, side};
  if (grid.count() != count) {
    throw ShapeError("model", "{} patches lie in no square and not in the model's {} x {}. Give --image-size.", count,
                     own.rows, own.columns);
  }
  return nn::to_stream(patches).unflatten(1, {grid.rows, grid.columns}).permute({0, 3, 1, 2});
}

at::Tensor VisionTower::patch_features(const nn::Value& tokens, const nn::Context& context) const {
  const auto patches = normed(patches_of(tokens));
  return nn::to_stream(parts_.proj ? parts_.proj->forward(patches, context) : patches);
}

nn::Value VisionTower::run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const {
  check_way(from, to);
  if (from == 0 && to > 0) {
    value = embed(value, context);
    from = 1;
  }
  if (from < pooled() && to >= pooled()) {
    const auto frames = value.layout.frames;
    value = {nn::mean_over_frames(pool(std::move(value), from, context), frames)};
    from = pooled();
  }
  if (from < to && to < pooled()) return parts_.blocks->forward(std::move(value), from - 1, to - 1, context);
  if (from < to) value.x = nn::to_stream(parts_.proj->forward(value.x, context));
  return value;
}

}  // namespace graft::models
