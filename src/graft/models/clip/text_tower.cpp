#include "graft/models/clip/text_tower.h"

#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/resting.h"

namespace graft::models {
namespace {

nn::Site words_site(int64_t width, nn::Place place) {
  nn::Site site;
  site.path = "text.words";
  site.kind = nn::SiteKind::words;
  site.tower = nn::Tower::text;
  site.in = site.out = width;
  site.place = place;
  return site;
}

}  // namespace

TextTower::TextTower(TextParts parts)
    : parts_(std::move(parts)), words_(words_site(parts_.embedding.size(1), parts_.place)) {
  register_parameter("embedding", parts_.embedding, /*requires_grad=*/false);
  register_parameter("positions", parts_.positions, /*requires_grad=*/false);
  register_module("blocks", parts_.blocks);
  register_module("norm", parts_.norm);
  register_module("proj", parts_.proj);
}

std::vector<nn::Joint*> TextTower::joints() {
  std::vector<nn::Joint*> all = {&words_};
  for (auto* joint : parts_.blocks->joints())
    all.push_back(joint);
  all.push_back(&parts_.proj->joint());
  return all;
}

at::Tensor TextTower::embed(const at::Tensor& ids) const {
  if (ids.numel() > 0 && (ids.max().item<int64_t>() >= vocabulary() || ids.min().item<int64_t>() < 0)) {
    throw ModelError("text", "a token id of {} lies outside the model's vocabulary of {}.", ids.max().item<int64_t>(),
                     vocabulary());
  }
  return tensor::rows_of(parts_.embedding, ids);
}

at::Tensor TextTower::encode(const Prompts& prompts, const nn::Context& context) {
  const auto rows = prompts.ids.size(1);
  if (rows > context_length()) {
    throw DataError("text", "prompts of {} tokens, the model reads at most {}.", rows, context_length());
  }
  auto inner = context;
  inner.layout = {{{nn::TokenKind::word, rows}}, 1};
  inner.learned = prompts.learned.defined() ? &prompts.learned : nullptr;
  static const nn::Frozen identity([](const at::Tensor& u) { return u; });
  const auto words = words_.run(embed(prompts.ids), identity, inner);  // [C, T, D]
  const auto x = words + parts_.positions.narrow(0, 0, rows);
  const auto ends = [&](const nn::Layout&) { return prompts.ends; };
  const auto last = parts_.blocks->forward_rows(x, 0, ends, inner);
  return nn::to_stream(parts_.proj->forward(parts_.norm->forward_float(last.squeeze(1)), inner));
}

}  // namespace graft::models
