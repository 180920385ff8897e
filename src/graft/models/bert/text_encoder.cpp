#include "graft/models/bert/text_encoder.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/tensor/resting.h"

namespace graft::models::bert {
namespace {

// The first token stands for the text.
nn::Layout layout_of(int64_t rows) {
  return {{{nn::TokenKind::class_token, 1}, {nn::TokenKind::word, rows - 1}}, 1};
}

// ModelError or DataError unless 0 <= numbers < count.
template <class Error>
void check_range(const at::Tensor& numbers, int64_t count, const char* what) {
  if (numbers.numel() == 0) return;
  const auto [lowest, highest] = at::aminmax(numbers);
  const auto low = lowest.item<int64_t>(), high = highest.item<int64_t>();
  if (low < 0 || high >= count)
    throw Error("text", "{} {} lies outside the model's 0 to {}.", what, low < 0 ? low : high, count - 1);
}

}  // namespace

TextEncoder::TextEncoder(EncoderParts parts)
    : Tower(parts.blocks->size(), /*projects=*/false, "ids"), parts_(std::move(parts)) {
  register_parameter("embedding", parts_.embedding, /*requires_grad=*/false);
  register_parameter("positions", parts_.positions, /*requires_grad=*/false);
  if (parts_.types.defined()) register_parameter("types", parts_.types, /*requires_grad=*/false);
  register_module("norm_pre", parts_.norm_pre);
  register_module("blocks", parts_.blocks);
  if (parts_.pooler) register_module("pooler", parts_.pooler);
}

std::vector<nn::Joint*> TextEncoder::joints() {
  auto all = parts_.blocks->joints();
  if (parts_.pooler) all.push_back(&parts_.pooler->joint());
  return all;
}

int64_t TextEncoder::width(nn::Place place) const {
  return place < pooled() ? width() : width() * static_cast<int64_t>(parts_.pooling.size());
}

nn::Value TextEncoder::kept(at::Tensor x, nn::Place place) const {
  nn::Value value{std::move(x)};
  if (place > 0 && place < pooled() && value.x.dim() == 3) value.layout = layout_of(value.x.size(1));
  return value;
}

at::Tensor TextEncoder::embed_words(const at::Tensor& ids) const {
  check_range<ModelError>(ids, parts_.embedding.size(0), "the token id");
  return tensor::rows_of(parts_.embedding, ids);
}

at::Tensor TextEncoder::positions_of(const nn::Value& ids) const {
  if (!parts_.padding) return parts_.positions.narrow(0, 0, ids.x.size(1));
  const auto counted = ids.x.ne(*parts_.padding).to(at::kLong);
  return at::embedding(parts_.positions, counted.cumsum(1) * counted + *parts_.padding);
}

at::Tensor TextEncoder::types_of(const nn::Value& ids) const {
  if (!parts_.types.defined()) return {};
  if (!ids.types.defined()) return parts_.types.select(0, 0);
  check_range<DataError>(ids.types, parts_.types.size(0), "the type of a token");
  return at::embedding(parts_.types, ids.types);
}

nn::Value TextEncoder::embed(const nn::Value& ids) const {
  const auto rows = ids.x.size(1), most = parts_.positions.size(0) - (parts_.padding ? *parts_.padding + 1 : 0);
  if (rows < 1 || rows > most) throw DataError("text", "a text of {} tokens, the model reads 1 to {}.", rows, most);
  auto sum = embed_words(ids.x) + positions_of(ids);
  if (const auto types = types_of(ids); types.defined()) sum = sum + types;
  return {parts_.norm_pre->forward_float(sum), layout_of(rows), ids.present};
}

at::Tensor TextEncoder::rows(const nn::Value& value) const {
  if (value.x.dim() != 3) return value.x;
  std::vector<at::Tensor> each;
  for (const auto pooling : parts_.pooling)
    each.push_back(models::pooled(value, pooling));
  return each.size() == 1 ? each.front() : at::cat(each, 1);
}

at::Tensor TextEncoder::pool(nn::Value tokens, nn::Place from, const nn::Context& context) const {
  const auto& pooling = parts_.pooling;
  if (pooling.size() == 1 && is_one_row(pooling.front())) {
    const auto first = [&](const nn::Layout&) {
      return at::zeros({tokens.x.size(0)}, tokens.x.options().dtype(at::kLong));
    };
    tokens.x = parts_.blocks->forward_rows(tokens, from - 1, first, context);
    tokens.present = at::Tensor();
  } else {
    tokens = parts_.blocks->forward(std::move(tokens), from - 1, blocks(), context);
  }
  std::vector<at::Tensor> each;
  for (const auto one : pooling) {
    const auto row = models::pooled(tokens, one);
    each.push_back(one == TextPooling::pooler ? at::tanh(nn::to_stream(parts_.pooler->forward(row, context))) : row);
  }
  return each.size() == 1 ? each.front() : at::cat(each, 1);
}

nn::Value TextEncoder::run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const {
  check_way(from, to);
  if (from == 0 && to > 0) {
    value = embed(value);
    from = 1;
  }
  if (from == to) return value;
  if (to == pooled()) return {pool(std::move(value), from, context)};
  return parts_.blocks->forward(std::move(value), from - 1, to - 1, context);
}

}  // namespace graft::models::bert
