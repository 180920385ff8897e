#include "graft/models/vit/vision_tower.h"

#include <torch/types.h>

#include "graft/core/error.h"

namespace graft::models {
namespace {

nn::Site tokens_site(int64_t width) {
  nn::Site site;
  site.path = "vision.tokens";
  site.kind = nn::SiteKind::tokens;
  site.in = site.out = width;
  return site;
}

}  // namespace

VisionTower::VisionTower(VisionParts parts) : parts_(std::move(parts)), tokens_(tokens_site(parts_.width)) {
  register_module("patch", parts_.patch);
  if (parts_.cls.defined()) register_parameter("cls", parts_.cls, /*requires_grad=*/false);
  if (parts_.distillation.defined()) register_parameter("distillation", parts_.distillation, /*requires_grad=*/false);
  if (parts_.registers.defined()) register_parameter("registers", parts_.registers, /*requires_grad=*/false);
  register_parameter("positions", parts_.positions.weight(), /*requires_grad=*/false);
  if (parts_.norm_pre) register_module("norm_pre", parts_.norm_pre);
  register_module("blocks", parts_.blocks);
  if (parts_.norm) register_module("norm", parts_.norm);
}

std::vector<nn::Joint*> VisionTower::joints() {
  std::vector<nn::Joint*> all;
  if (parts_.norm_pre) all.push_back(&tokens_);
  for (auto* joint : parts_.blocks->joints())
    all.push_back(joint);
  return all;
}

at::Tensor VisionTower::positions_at(data::Size image) const {
  const auto patch = parts_.patch->patch();
  return parts_.positions.at({image.height / patch, image.width / patch});
}

nn::Place VisionTower::place_of(const std::string& name) const {
  if (name.starts_with("norm.")) return 1 + blocks();
  if (name.starts_with("blocks.")) return 1 + std::stoll(name.substr(7));
  return 0;
}

nn::Layout VisionTower::layout(int64_t patches, int64_t frames) const {
  nn::Layout layout;
  layout.frames = frames;
  if (parts_.cls.defined()) layout.segments.push_back({nn::TokenKind::class_token, 1});
  if (parts_.distillation.defined()) layout.segments.push_back({nn::TokenKind::distillation, 1});
  if (parts_.registers.defined()) {
    layout.segments.push_back({nn::TokenKind::register_token, parts_.registers.size(0)});
  }
  layout.segments.push_back({nn::TokenKind::patch, patches});
  return layout;
}

at::Tensor VisionTower::embed(const at::Tensor& pixels, nn::Context& context) {
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
  context.layout = layout(patches.size(1), context.layout.frames);
  auto tokens = on_patches;
  if (!before.empty()) {
    const auto prefix = at::cat(before);  // [C + R, D]
    const auto rows = prefix.size(0);
    const auto added = placed == 0 ? prefix
                                   : at::cat({prefix.narrow(0, 0, placed) + positions.narrow(0, 0, placed),
                                              prefix.narrow(0, placed, rows - placed)});
    tokens = at::cat({added.unsqueeze(0).expand({patches.size(0), -1, -1}), on_patches}, 1);
  }
  if (!parts_.norm_pre) return tokens;
  return parts_.norm_pre->forward_float(tokens_.run_tokens(tokens, context));
}

at::Tensor VisionTower::normed(const at::Tensor& x) const {
  return parts_.norm ? parts_.norm->forward_float(x) : x;
}

at::Tensor VisionTower::pool(const at::Tensor& tokens, nn::Place from, nn::Context& context) {
  if (parts_.pooling == Pooling::class_token) {
    const auto row = [&](const nn::Layout& layout) {
      return at::full({tokens.size(0)}, layout.begin(nn::TokenKind::class_token), at::kLong);
    };
    return normed(parts_.blocks->forward_rows(tokens, from - 1, row, context)).squeeze(1);
  }
  const auto out = parts_.blocks->forward(tokens, from - 1, blocks(), context);
  const auto& layout = context.layout;
  if (parts_.pooling == Pooling::class_and_distillation) {
    const auto first = out.select(1, layout.begin(nn::TokenKind::class_token));
    return (normed(first) + normed(out.select(1, layout.begin(nn::TokenKind::distillation)))) / 2;
  }
  const auto patches = out.narrow(1, layout.begin(nn::TokenKind::patch), layout.count(nn::TokenKind::patch));
  return parts_.pooling == Pooling::patch_mean ? normed(patches.mean(1)) : normed(patches).mean(1);
}

at::Tensor VisionTower::feature_rows(const at::Tensor& value, const nn::Layout& tokens) const {
  if (value.dim() != 3) return value;
  const auto rows = value.size(1);
  const auto of = tokens.total() == rows ? tokens : layout(rows - layout(0, 1).total(), 1);
  if (parts_.pooling == Pooling::class_token) {
    return value.select(1, of.begin(nn::TokenKind::class_token)).contiguous();
  }
  if (parts_.pooling == Pooling::class_and_distillation) {
    return (value.select(1, of.begin(nn::TokenKind::class_token)) +
            value.select(1, of.begin(nn::TokenKind::distillation))) /
           2;
  }
  return value.narrow(1, of.begin(nn::TokenKind::patch), of.count(nn::TokenKind::patch)).mean(1);
}

at::Tensor VisionTower::run(const at::Tensor& value, nn::Place from, nn::Place to, nn::Context& context) {
  if (from > to || from < 0 || to > pooled()) {
    throw ConfigError("model", "no way from place {} to place {}: expected 0 <= from <= to <= {}.", from, to, pooled());
  }
  if (from == to) return value;
  auto tokens = value;
  if (from == 0) {
    tokens = embed(value, context);
    from = 1;
  } else if (from == 1 || context.layout.total() != value.size(1)) {
    // Nothing was put in below a place that values are taken from; what follows the class token and the registers are
    // patches.
    const auto before = layout(0, 1).total();
    context.layout = layout(value.size(1) - before, context.layout.frames);
  }
  if (to == pooled()) return pool(tokens, from, context);
  return to > from ? parts_.blocks->forward(tokens, from - 1, to - 1, context) : tokens;
}

}  // namespace graft::models
