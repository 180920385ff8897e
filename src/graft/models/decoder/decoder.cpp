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

nn::Site tokens_site(int64_t width) {
  nn::Site site;
  site.path = "text.tokens";
  site.kind = nn::SiteKind::tokens;
  site.tower = nn::Tower::text;
  site.in = site.out = width;
  return site;
}

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
    : Tower(static_cast<int64_t>(parts.blocks.size()), /*projects=*/false, "ids"),
      parts_(std::move(parts)),
      tokens_(tokens_site(parts_.settings.width)) {
  register_parameter("embedding", parts_.embedding, /*requires_grad=*/false);
  auto blocks = register_module("blocks", std::make_shared<Blocks>());
  for (size_t k = 0; k < parts_.blocks.size(); ++k)
    blocks->register_module(std::to_string(k), parts_.blocks[k]);
  register_module("norm", parts_.norm);
  if (parts_.own_head) register_module("head", parts_.head);
}

std::vector<nn::Joint*> Decoder::joints() {
  std::vector<nn::Joint*> all{&tokens_};
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

int64_t Decoder::rows_before() const {
  const auto rows = parts_.blocks.empty() ? 0 : parts_.blocks.front()->rows_before();
  for (const auto& block : parts_.blocks)
    GRAFT_ASSERT(block->rows_before() == rows);
  return rows;
}

// Positions go on from what stands before a text, as in a text that was read; each of several documents goes on from
// it.
nn::DecoderCall Decoder::call_for(int64_t rows, const at::Tensor& documents, nn::KeyValueCache* cache) const {
  const auto& s = parts_.settings;
  const auto before = cache ? cache->rows() : rows_before();
  // Added to the scores, made once for all blocks: [1 or B, 1, T, keys].
  const auto added = [](const at::Tensor& seen) {
    return at::zeros(seen.sizes(), seen.options().dtype(at::kFloat))
        .masked_fill_(seen.logical_not(), -std::numeric_limits<float>::infinity());
  };
  if (!documents.defined()) {
    const auto positions = at::arange(before, before + rows, tensor::on_cpu(at::kLong));
    const auto mask = [&](int64_t window) -> at::Tensor {
      if (window == 0 || before + rows <= window) return {};
      return added(nn::causal_mask(rows, before, window).view({1, 1, rows, before + rows}));
    };
    nn::DecoderCall call{.whole = {s.rotary.at(positions, before + rows), mask(0)}, .sliding = {}, .cache = cache};
    if (s.window > 0) call.sliding = {s.sliding_rotary.at(positions, before + rows), mask(s.window)};
    return call;
  }
  const auto batch = documents.size(0), prompts = rows - documents.size(1), ahead = before + prompts;
  const auto first = at::arange(ahead, documents.options().dtype(at::kLong)).expand({batch, ahead});
  const auto key_positions = at::cat({first, ahead + positions_in(documents)}, 1);  // [B, before + rows]
  const auto positions = key_positions.narrow(1, before, rows);
  const auto of_key = at::constant_pad_nd(documents, {ahead, 0}, -1).unsqueeze(1);
  const auto of_row = at::constant_pad_nd(documents, {prompts, 0}, -1).unsqueeze(2);
  const auto for_all = at::arange(before + rows, documents.options().dtype(at::kLong)).lt(ahead).view({1, 1, -1});
  const auto past = key_positions.unsqueeze(1).le(positions.unsqueeze(2));
  const auto seen = past.logical_and(of_key.eq(of_row).logical_or(for_all)).unsqueeze(1);
  nn::DecoderCall call{.whole = {s.rotary.at(positions, before + rows), added(seen)}, .sliding = {}, .cache = cache};
  if (s.window > 0) {
    const auto near = key_positions.unsqueeze(1).gt(positions.unsqueeze(2) - s.window).unsqueeze(1);
    call.sliding = {s.sliding_rotary.at(positions, before + rows), added(seen.logical_and(near))};
  }
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

int64_t Decoder::longest() const {
  return context_length() - rows_before() - tokens_.layout({}).total();
}

nn::Value Decoder::with_prompts(const nn::Value& words, const nn::Context& context) const {
  if (tokens_.empty()) return words;
  auto inner = context;
  inner.layout = words.layout;
  inner.present = words.present;
  auto x = tokens_.run_tokens(words.x, inner);
  return {std::move(x), std::move(inner.layout), std::move(inner.present)};
}

nn::Value Decoder::embed(const nn::Value& ids, const nn::Context& context) const {
  const auto count = ids.x.size(1);
  const auto most = longest();
  if (most < 1) {
    throw ConfigError("text",
                      "{} tokens before every text leave no room in the {} that the model reads. Ask for fewer.",
                      context_length() - most, context_length());
  }
  if (count < 1 || count > most) throw DataError("text", "a text of {} tokens, the model reads 1 to {}.", count, most);
  return with_prompts({embed_words(ids.x), words(count), ids.present}, context);
}

nn::Value Decoder::run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const {
  check_way(from, to);
  if (from == 0 && to > 0) {
    value = embed(value, context);
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
  const auto tokens = embed(ids, context);
  const auto call = call_for(tokens.x.size(1), documents, nullptr);
  const auto rows = parts_.norm->forward_float(run_blocks(tokens, 0, blocks(), call, context));
  return rows.narrow(1, tokens.layout.begin(nn::TokenKind::word), ids.x.size(1));
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

nn::KeyValueCache Decoder::new_cache(const nn::Context& context) const {
  const torch::NoGradGuard no_grad;
  nn::KeyValueCache cache(blocks(), context_length());
  for (const auto& block : parts_.blocks)
    block->put_before(cache, context);
  if (!tokens_.empty()) {
    const auto norm = parts_.norm->parameters().front();
    const auto none = at::empty({1, 0, parts_.settings.width}, norm.options());
    const auto prompts = with_prompts({none, words(0)}, context);
    const auto rows = prompts.x.size(1);
    cache.expect(rows);
    run_blocks(prompts, 0, blocks(), call_for(rows, {}, &cache), context);
    cache.advance(rows);
  }
  cache.begin();
  return cache;
}

}  // namespace graft::models::decoder
