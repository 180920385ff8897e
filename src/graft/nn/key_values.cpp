#include "graft/nn/key_values.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"

namespace graft::nn {
namespace {

constexpr int64_t kLeastRoom = 64;  // tokens; the room then doubles

// [1, T, heads d] -> [1, heads, T, d], behind what was shared already
at::Tensor by_heads(const at::Tensor& own, int64_t heads, const at::Tensor& before) {
  const auto split = own.view({1, own.size(1), heads, -1}).transpose(1, 2);
  return before.defined() ? at::cat({before, split}, 2) : split.contiguous();
}

// Room for `needed` rows, with the first `held` of what was there.
at::Tensor with_room(const at::Tensor& rows, const at::Tensor& like, int64_t held, int64_t needed) {
  if (rows.defined() && rows.size(1) >= needed) return rows;
  const auto capacity = std::max({needed, kLeastRoom, rows.defined() ? 2 * rows.size(1) : 0});
  auto more = at::empty({like.size(0), capacity, like.size(2)}, like.options());
  if (held > 0) more.narrow(1, 0, held).copy_(rows.narrow(1, 0, held));
  return more;
}

int64_t bytes_of(const at::Tensor& t) {
  return t.defined() ? static_cast<int64_t>(t.nbytes()) : 0;
}

}  // namespace

KeyValueCache::KeyValueCache(int64_t layers, int64_t limit) : layers_(static_cast<size_t>(layers)), limit_(limit) {}

int64_t KeyValueCache::bytes() const {
  int64_t sum = 0;
  for (const auto& layer : layers_)
    sum += bytes_of(layer.shared_keys) + bytes_of(layer.shared_values) + bytes_of(layer.keys) + bytes_of(layer.values);
  return sum;
}

void KeyValueCache::put_before(int64_t layer, const at::Tensor& keys, const at::Tensor& values) {
  GRAFT_ASSERT(own_ == 0 && begun_ == 0);
  auto& held = layers_[static_cast<size_t>(layer)];
  held.shared_keys = keys.detach().contiguous();
  held.shared_values = values.detach().contiguous();
  held.heads = keys.size(1);
  shared_ = keys.size(2);
}

void KeyValueCache::begin() {
  if (own_ > 0) *this = fork();
  begun_ = shared_;
}

KeyValueCache KeyValueCache::fork() const {
  const torch::NoGradGuard no_grad;
  KeyValueCache forked(static_cast<int64_t>(layers_.size()), limit_);
  forked.shared_ = rows();
  forked.begun_ = begun_;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const auto& from = layers_[i];
    auto& to = forked.layers_[i];
    to = {from.shared_keys, from.shared_values, {}, {}, from.heads};
    if (own_ == 0) continue;
    GRAFT_ASSERT(from.keys.size(0) == 1);
    to.shared_keys = by_heads(from.keys.narrow(1, 0, own_), from.heads, from.shared_keys);
    to.shared_values = by_heads(from.values.narrow(1, 0, own_), from.heads, from.shared_values);
  }
  return forked;
}

void KeyValueCache::truncate(int64_t length) {
  GRAFT_ASSERT(length >= shared() && length <= this->length());
  own_ = length - shared();
}

void KeyValueCache::expect(int64_t tokens) const {
  if (rows() + tokens <= limit_) return;
  throw DataError("text", "{} tokens after {}: the model reads {} at most. Shorten the text, or ask for fewer tokens.",
                  tokens, length(), limit_ - begun_);
}

KeyValueCache::Seen KeyValueCache::append(int64_t layer, const at::Tensor& keys, const at::Tensor& values,
                                          int64_t heads) {
  const torch::NoGradGuard no_grad;
  auto& held = layers_[static_cast<size_t>(layer)];
  GRAFT_ASSERT(own_ == 0 || held.keys.size(0) == keys.size(0));
  const auto tokens = keys.size(1), needed = own_ + tokens;
  if (own_ == 0 && held.keys.defined() && held.keys.size(0) != keys.size(0)) held.keys = held.values = at::Tensor();
  held.heads = heads;
  held.keys = with_room(held.keys, keys, own_, needed);
  held.values = with_room(held.values, values, own_, needed);
  held.keys.narrow(1, own_, tokens).copy_(keys);
  held.values.narrow(1, own_, tokens).copy_(values);
  return {held.shared_keys, held.shared_values, held.keys.narrow(1, 0, needed), held.values.narrow(1, 0, needed)};
}

tensor::AttentionOptions attention_behind(const Joint& key_values, const at::Tensor& like, const Context& context) {
  tensor::AttentionOptions options;
  if (const auto rows = key_values.run_key_values(like, context); rows.defined()) {
    options.extra_keys = rows.select(0, 0);
    options.extra_values = rows.select(0, 1);
  }
  return options;
}

}  // namespace graft::nn
