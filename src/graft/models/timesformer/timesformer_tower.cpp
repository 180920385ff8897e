#include "graft/models/timesformer/timesformer_tower.h"

#include <torch/types.h>

#include <algorithm>
#include <string>

#include "graft/core/error.h"

namespace graft::models {

TimesformerTower::TimesformerTower(TimesformerParts parts)
    : Tower(parts.depth(), /*projects=*/false, "pixels"), parts_(std::move(parts)) {
  register_module("patch", parts_.patch);
  register_parameter("cls", parts_.cls, /*requires_grad=*/false);
  register_parameter("positions", parts_.positions.weight(), /*requires_grad=*/false);
  if (parts_.time.defined()) register_parameter("time", parts_.time, /*requires_grad=*/false);
  if (parts_.blocks) {
    register_module("blocks", parts_.blocks);
  } else {
    const auto all = register_module("blocks", std::make_shared<torch::nn::Module>());
    for (size_t k = 0; k < parts_.divided.size(); ++k)
      all->register_module(std::to_string(k), parts_.divided[k]);
  }
  register_module("norm", parts_.norm);
}

std::vector<nn::Joint*> TimesformerTower::joints() {
  if (parts_.blocks) return parts_.blocks->joints();
  std::vector<nn::Joint*> all;
  for (const auto& block : parts_.divided) {
    for (auto* joint : block->joints())
      all.push_back(joint);
  }
  return all;
}

at::Tensor TimesformerTower::positions_at(data::Size image) const {
  const auto patch = parts_.patch->patch();
  return parts_.positions.at({image.height / patch, image.width / patch});
}

nn::Layout TimesformerTower::layout(int64_t tokens) const {
  nn::Layout layout{{{nn::TokenKind::class_token, 1}, {nn::TokenKind::patch, tokens - 1}}};
  if (parts_.attention == SpaceTime::space) layout.frames = parts_.frames;
  return layout;
}

nn::Value TimesformerTower::kept(at::Tensor x, nn::Place place) const {
  nn::Value value{std::move(x)};
  if (place > 0 && place < pooled()) value.layout = layout(value.x.size(1));
  return value;
}

nn::Value TimesformerTower::embed(const nn::Value& pixels, const nn::Context& context) const {
  const auto frames = pixels.layout.frames;
  if (frames != parts_.frames) {
    throw DataError("timesformer", "clips of {} frame{}: expected {}, which its weights are of. Read clips of so many.",
                    frames, frames == 1 ? "" : "s", parts_.frames);
  }
  const auto patches = parts_.patch->forward(pixels.x, context);  // [B * T, N, D]
  const auto positions =
      parts_.positions.at({pixels.x.size(2) / parts_.patch->patch(), pixels.x.size(3) / parts_.patch->patch()});
  const auto cls = (parts_.cls + positions[0]).view({1, 1, -1});
  auto placed = patches + positions.narrow(0, 1, patches.size(1));
  if (parts_.attention != SpaceTime::space) {
    const auto count = placed.size(1), width = placed.size(2);
    placed = placed.view({-1, frames, count, width}).transpose(1, 2) + parts_.time;  // [B, N, T, D]
    placed = placed.reshape({-1, count * frames, width});
  }
  const auto tokens = at::cat({cls.expand({placed.size(0), 1, -1}), placed}, 1);
  return {tokens, layout(tokens.size(1))};
}

// A class token each, over the frames where they are apart.
at::Tensor TimesformerTower::rows(const nn::Value& value) const {
  if (value.x.dim() != 3) return value.x;
  const auto classes = value.x.select(1, value.layout.begin(nn::TokenKind::class_token));
  if (value.layout.frames == 1) return classes.contiguous();
  return classes.reshape({value.examples(), value.layout.frames, classes.size(1)}).mean(1);
}

nn::Value TimesformerTower::run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const {
  check_way(from, to);
  if (from == to) return value;
  if (from == 0) {
    value = embed(value, context);
    from = 1;
  }
  const auto last = std::min(to, 1 + blocks());
  if (parts_.blocks && from < last) {
    value = parts_.blocks->forward(std::move(value), from - 1, last - 1, context);
  } else {
    auto inner = context;
    inner.layout = value.layout;
    for (; from < last; ++from)
      value.x = parts_.divided[static_cast<size_t>(from - 1)]->forward(value.x, inner);
  }
  if (to == pooled()) return {parts_.norm->forward_float(rows(value))};
  return value;
}

}  // namespace graft::models
