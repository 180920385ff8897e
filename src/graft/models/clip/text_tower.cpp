#include "graft/models/clip/text_tower.h"

#include <torch/types.h>

#include <algorithm>

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
  const auto features = [&](const at::Tensor& last) {
    return nn::to_stream(parts_.proj->forward(parts_.norm->forward_float(last), inner));
  };
  const auto start = common_start(prompts);
  if (start == 0) {
    const auto ends = [&](const nn::Layout&) { return prompts.ends; };
    return features(parts_.blocks->forward_rows(x, 0, ends, inner).squeeze(1));
  }
  const auto prompts_count = x.size(0), rest = rows - start;
  inner.start = nn::CommonStart{start, prompts_count};
  inner.layout = {{{nn::TokenKind::word, start + prompts_count * rest}}, 1};
  const auto flat =
      at::cat({x.slice(0, 0, 1).narrow(1, 0, start), x.narrow(1, start, rest).reshape({1, -1, x.size(2)})}, 1);
  const auto ends = prompts.ends + at::arange(prompts_count) * rest;
  return features(parts_.blocks->forward(flat, 0, parts_.blocks->size(), inner).squeeze(0).index_select(0, ends));
}

int64_t TextTower::common_start(const Prompts& prompts) const {
  for (const auto& occupant : words_.occupants()) {
    if (!occupant.insert->same_for_all_prompts()) return 0;
  }
  const auto prompts_count = prompts.ids.size(0);
  if (prompts_count < 2) return 0;
  const auto alike = [&](const at::Tensor& rows) { return (rows == rows.slice(0, 0, 1)).all(0); };  // [columns]
  auto columns = alike(prompts.ids);
  if (prompts.learned.defined()) {  // a learned word stands for the same one only if all have it there
    const auto same = alike(prompts.learned);
    const auto differ = prompts.learned.index_select(1, same.logical_not().nonzero().view({-1}));
    columns.index_fill_(0, differ.reshape({-1}).contiguous(), false);
  }
  const auto different = columns.logical_not().nonzero();
  const auto first = different.numel() > 0 ? different[0].item<int64_t>() : prompts.ids.size(1);
  return std::min(first, prompts.ends.min().item<int64_t>());
}

}  // namespace graft::models
