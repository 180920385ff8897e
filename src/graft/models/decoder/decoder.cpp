#include "graft/models/decoder/decoder.h"

#include <torch/types.h>

#include <algorithm>
#include <limits>

#include "graft/core/error.h"
#include "graft/models/text_pooling.h"
#include "graft/nn/recompute.h"
#include "graft/tensor/few_rows.h"
#include "graft/tensor/on_cpu.h"
#include "graft/tensor/resting.h"

namespace graft::models::decoder {
namespace {

nn::Layout words(int64_t rows) {
  return {{{nn::TokenKind::word, rows}}, 1};
}

// The blocks' names in the parameters' paths.
struct Blocks : torch::nn::Module {};

// Documents [B, T], one after another in a row -> each token's position in its own, [B, T]
at::Tensor positions_in(const at::Tensor& documents) {
  const auto rows = documents.size(1);
  const auto places = at::arange(rows, documents.options().dtype(at::kLong)).expand_as(documents);
  const auto changes = documents.narrow(1, 1, rows - 1).ne(documents.narrow(1, 0, rows - 1));
  const auto starts = at::constant_pad_nd(changes, {1, 0}, false).to(at::kLong) * places;
  return places - std::get<0>(starts.cummax(1));
}

}  // namespace

Decoder::Decoder(DecoderParts parts)
    : Tower(static_cast<int64_t>(parts.blocks.size()), /*projects=*/false, "ids"), parts_(std::move(parts)) {
  register_parameter("embedding", parts_.embedding, /*requires_grad=*/false);
  auto blocks = register_module("blocks", std::make_shared<Blocks>());
  for (size_t k = 0; k < parts_.blocks.size(); ++k)
    blocks->register_module(std::to_string(k), parts_.blocks[k]);
  register_module("norm", parts_.norm);
  if (parts_.own_head) register_module("head", parts_.head);
}

std::vector<nn::Joint*> Decoder::joints() {
  std::vector<nn::Joint*> all;
  for (const auto& block : parts_.blocks) {
    for (auto* joint : block->joints())
      all.push_back(joint);
  }
  return all;
}

nn::Place Decoder::place_of(const std::string& name) const {
  return name.starts_with("head.") ? last() : Tower::place_of(name);
}

nn::Value Decoder::kept(at::Tensor x, nn::Place place) const {
  nn::Value value{std::move(x)};
  if (place > 0 && place < pooled() && value.x.dim() == 3) value.layout = words(value.x.size(1));
  return value;
}

at::Tensor Decoder::embed_words(const at::Tensor& ids) const {
  if (ids.numel() > 0) {
    const auto [lowest, highest] = at::aminmax(ids);
    const auto low = lowest.item<int64_t>(), high = highest.item<int64_t>(), count = parts_.embedding.size(0);
    if (low < 0 || high >= count)
      throw DataError("text", "the token id {} lies outside the model's 0 to {}.", low < 0 ? low : high, count - 1);
  }
  const auto rows = tensor::rows_of(parts_.embedding, ids);
  const auto scale = parts_.settings.embedding_scale;
  return scale == 1 ? rows : rows * scale;
}

nn::DecoderCall Decoder::call_for(int64_t rows, const at::Tensor& documents, nn::KeyValueCache* cache) const {
  const auto& s = parts_.settings;
  const auto before = cache ? cache->length() : 0;
  const auto positions =
      documents.defined() ? positions_in(documents) : at::arange(before, before + rows, tensor::on_cpu(at::kLong));
  // Added to the scores, made once for all blocks: [1 or B, 1, T, keys].
  const auto added = [](const at::Tensor& seen) {
    return at::zeros(seen.sizes(), seen.options().dtype(at::kFloat))
        .masked_fill_(seen.logical_not(), -std::numeric_limits<float>::infinity());
  };
  const auto mask = [&](int64_t window) -> at::Tensor {
    const bool all_near = window == 0 || before + rows <= window;
    if (all_near && !documents.defined()) return {};
    const auto past = nn::causal_mask(rows, before, window).view({1, 1, rows, before + rows});
    if (!documents.defined()) return added(past);
    return added(past.logical_and(documents.unsqueeze(1).eq(documents.unsqueeze(2)).unsqueeze(1)));
  };
  nn::DecoderCall call{.whole = {s.rotary.at(positions, before + rows), mask(0)}, .sliding = {}, .cache = cache};
  if (s.window > 0) call.sliding = {s.sliding_rotary.at(positions, before + rows), mask(s.window)};
  return call;
}

at::Tensor Decoder::run_blocks(const nn::Value& tokens, int64_t begin, int64_t end, nn::DecoderCall call,
                               const nn::Context& context) const {
  auto inner = context;
  inner.layout = tokens.layout;
  inner.present = tokens.present;
  const auto shared = std::make_shared<const nn::DecoderCall>(std::move(call));
  nn::Stream stream(tokens.x);
  for (int64_t k = begin; k < end; ++k) {
    const auto& block = parts_.blocks[static_cast<size_t>(k)];
    if (context.recompute && k + 1 < end) {
      nn::forward_to_rerun(nn::in_call(block, shared), stream, inner);
    } else {
      block->forward(stream, inner, *shared);
    }
  }
  return stream.value();
}

nn::Value Decoder::embed(const nn::Value& ids) const {
  const auto count = ids.x.size(1);
  if (count < 1 || count > context_length())
    throw DataError("text", "a text of {} tokens, the model reads 1 to {}.", count, context_length());
  return {embed_words(ids.x), words(count), ids.present};
}

nn::Value Decoder::run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const {
  check_way(from, to);
  if (from == 0 && to > 0) {
    value = embed(value);
    from = 1;
  }
  if (from == to) return value;
  const auto last = std::min(to, pooled() - 1);
  value.x = run_blocks(value, from - 1, last - 1, call_for(value.x.size(1), {}, nullptr), context);
  return to == pooled() ? nn::Value{rows(value)} : value;
}

at::Tensor Decoder::rows(const nn::Value& value) const {
  return value.x.dim() == 3 ? parts_.norm->forward_float(models::pooled(value, TextPooling::last)) : value.x;
}

at::Tensor Decoder::hidden(const nn::Value& ids, const nn::Context& context, const at::Tensor& documents) const {
  const auto call = call_for(ids.x.size(1), documents, nullptr);
  return parts_.norm->forward_float(run_blocks(embed(ids), 0, blocks(), call, context));
}

at::Tensor Decoder::next(const at::Tensor& ids, nn::KeyValueCache& cache) const {
  const torch::NoGradGuard no_grad;
  const tensor::FewRows few;
  return logits(hidden(ids, cache).select(1, -1));
}

at::Tensor Decoder::hidden(const at::Tensor& ids, nn::KeyValueCache& cache, const nn::Context& context) const {
  const torch::NoGradGuard no_grad;
  cache.expect(ids.size(1));
  const nn::Value tokens{embed_words(ids), words(ids.size(1))};
  const auto x = run_blocks(tokens, 0, blocks(), call_for(ids.size(1), {}, &cache), context);
  cache.advance(ids.size(1));
  return parts_.norm->forward_float(x);
}

}  // namespace graft::models::decoder
