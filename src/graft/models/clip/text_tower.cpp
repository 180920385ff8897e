#include "graft/models/clip/text_tower.h"

#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/tensor/resting.h"
#include "graft/text/clip_tokenizer.h"

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

// The last row of each text that is no padding: [B] int64.
at::Tensor last_present(const nn::Value& value) {
  if (!value.present.defined()) {
    return at::full({value.x.size(0)}, value.x.size(1) - 1, value.x.options().dtype(at::kLong));
  }
  return value.present.sum(1) - 1;
}

}  // namespace

TextTower::TextTower(TextParts parts)
    : Tower(parts.blocks->size(), /*projects=*/true, "ids"),
      parts_(std::move(parts)),
      words_(words_site(parts_.embedding.size(1), parts_.place)) {
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

int64_t TextTower::width(nn::Place place) const {
  return place > pooled() ? parts_.proj->joint().site().out : parts_.embedding.size(1);
}

nn::Value TextTower::kept(at::Tensor x, nn::Place place) const {
  nn::Value value{std::move(x)};
  if (place < pooled()) value.layout = {{{nn::TokenKind::word, value.x.size(1)}}, 1};
  return value;
}

at::Tensor TextTower::embed_words(const at::Tensor& ids) const {
  if (ids.numel() > 0 && (ids.max().item<int64_t>() >= vocabulary() || ids.min().item<int64_t>() < 0)) {
    throw ModelError("text", "a token id of {} lies outside the model's vocabulary of {}.", ids.max().item<int64_t>(),
                     vocabulary());
  }
  return tensor::rows_of(parts_.embedding, ids);
}

std::shared_ptr<const text::Tokenizer> TextTower::tokenizer() const {
  if (parts_.tokenizer) return parts_.tokenizer;
  return {std::shared_ptr<void>(), &text::ClipTokenizer::shared()};  // of the library, never freed
}

TextReader TextTower::text_reader() const {
  return {parts_.tokenizer ? *parts_.tokenizer : text::ClipTokenizer::shared(), context_length(), parts_.truncate};
}

nn::Value TextTower::tokens_of(const nn::Value& ids, const nn::Context& context) const {
  const auto rows = ids.x.size(1);
  if (rows > context_length()) {
    throw DataError("text", "prompts of {} tokens, the model reads at most {}.", rows, context_length());
  }
  nn::Value tokens{{}, {{{nn::TokenKind::word, rows}}, 1}, ids.present};
  auto inner = context;
  inner.layout = tokens.layout;
  static const nn::Frozen identity([](const at::Tensor& u) { return u; });
  const auto words = words_.run(embed_words(ids.x), identity, inner);  // [B, T, D]
  tokens.x = words + parts_.positions.narrow(0, 0, rows);
  return tokens;
}

// Of ids [B, T] those up to the first end token, whose row stands for the text; all where there is none.
at::Tensor TextTower::up_to_end(const at::Tensor& ids) const {
  const auto ends = (ids == int64_t{text_reader().tokenizer.end()}).to(at::kInt);
  return ends.cumsum(1) - ends == 0;
}

at::Tensor TextTower::rows(const nn::Value& value) const {
  return value.x.dim() == 3 ? nn::take_rows(value.x, last_present(value)).squeeze(1) : value.x;
}

nn::Value TextTower::run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const {
  check_way(from, to);
  if (from == 0 && to > 0) {
    if (parts_.alone) value.present = up_to_end(value.x);
    // What texts have in common is a matter of their company, which is no matter of an example's features.
    const auto common = to >= pooled() && !parts_.alone ? common_start(value, context.learned) : 0;
    auto tokens = tokens_of(value, context);
    if (common > 0) {
      value = {encode_together(value, tokens.x, common, context)};
      from = pooled();
    } else {
      value = std::move(tokens);
      from = 1;
    }
  }
  if (from < pooled()) {
    const auto present = std::exchange(value.present, {});  // attention is causal: what lies behind the end is not seen
    if (to < pooled()) {
      if (from < to) value = parts_.blocks->forward(std::move(value), from - 1, to - 1, context);
      value.present = present;
      return value;
    }
    const auto ends = last_present({value.x, value.layout, present});
    const auto rows = [&](const nn::Layout&) { return ends; };
    const auto last = parts_.blocks->forward_rows(std::move(value), from - 1, rows, context).squeeze(1);
    value = {parts_.norm->forward_float(last)};
    from = pooled();
  }
  if (from < to) value.x = nn::to_stream(parts_.proj->forward(value.x, context));
  return value;
}

// All texts in one row of tokens: what they have in common once, then the rest of each. -> the normed end rows [B, D]
at::Tensor TextTower::encode_together(const nn::Value& ids, const at::Tensor& x, int64_t common,
                                      const nn::Context& context) const {
  const auto texts = x.size(0), rest = x.size(1) - common;
  auto inner = context;
  inner.start = nn::CommonStart{common, texts};
  const auto flat =
      at::cat({x.slice(0, 0, 1).narrow(1, 0, common), x.narrow(1, common, rest).reshape({1, -1, x.size(2)})}, 1);
  const auto ends = last_present(ids) + at::arange(texts, ids.x.options()) * rest;
  const auto out = parts_.blocks->forward({flat, {{{nn::TokenKind::word, flat.size(1)}}, 1}}, 0, blocks(), inner).x;
  return parts_.norm->forward_float(out.squeeze(0).index_select(0, ends));
}

int64_t TextTower::common_start(const nn::Value& ids, const at::Tensor& learned) const {
  for (const auto& occupant : words_.occupants()) {
    if (!occupant.insert->same_for_all_prompts()) return 0;
  }
  if (ids.x.size(0) < 2) return 0;
  const auto alike = [&](const at::Tensor& rows) { return (rows == rows.slice(0, 0, 1)).all(0); };  // [columns]
  auto columns = alike(ids.x);
  if (learned.defined()) {  // a learned word stands for the same one only if all have it there
    const auto same = alike(learned);
    const auto differ = learned.index_select(1, same.logical_not().nonzero().view({-1}));
    columns.index_fill_(0, differ.reshape({-1}).contiguous(), false);
  }
  const auto different = columns.logical_not().nonzero();
  const auto first = different.numel() > 0 ? different[0].item<int64_t>() : ids.x.size(1);
  return std::min(first, last_present(ids).min().item<int64_t>());
}

}  // namespace graft::models
