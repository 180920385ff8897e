#include "graft/nn/decoder_block.h"

#include <torch/types.h>

#include <cmath>
#include <limits>

#include "graft/core/error.h"
#include "graft/tensor/attention.h"
#include "graft/tensor/gated.h"
#include "graft/tensor/on_cpu.h"

namespace graft::nn {
namespace {

// Only a name in the parameters' paths.
struct DecoderPart : torch::nn::Module {};

struct InCall final : Rerunnable {
  InCall(std::shared_ptr<DecoderBlock> of, std::shared_ptr<const DecoderCall> with) : call(std::move(with)) {
    block = register_module("block", std::move(of));
  }
  void forward(Stream& stream, const Context& context) const override { block->forward(stream, context, *call); }
  std::vector<Joint*> joints() override { return block->joints(); }

  std::shared_ptr<DecoderBlock> block;
  std::shared_ptr<const DecoderCall> call;
};

// Scores that are capped, which the kernels of attention do not do: q [B, H, T, d], k and v [B, H, L, d]; the mask says
// who is seen, or is added.
at::Tensor capped_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale, double cap,
                            const at::Tensor& mask) {
  const auto scores = at::tanh(at::matmul(q, k.transpose(2, 3)) * (scale / cap)) * cap;
  const auto seen = mask.scalar_type() == at::kBool
                        ? scores.masked_fill(mask.logical_not(), -std::numeric_limits<double>::infinity())
                        : scores + mask;
  return at::matmul(at::softmax(seen, -1), v);
}

}  // namespace

at::Tensor causal_mask(int64_t rows, int64_t before, int64_t window) {
  const auto keys = at::arange(before + rows, tensor::on_cpu(at::kLong)).unsqueeze(0);
  const auto places = at::arange(before, before + rows, tensor::on_cpu(at::kLong)).unsqueeze(1);
  const auto past = keys <= places;
  return window > 0 ? past.logical_and(keys > places - window) : past;
}

std::shared_ptr<Rerunnable> in_call(std::shared_ptr<DecoderBlock> block, std::shared_ptr<const DecoderCall> call) {
  return std::make_shared<InCall>(std::move(block), std::move(call));
}

DecoderBlock::DecoderBlock(DecoderBlockParts parts, Site attn, Site mlp, Site key_values)
    : parts_(std::move(parts)),
      attn_joint_(std::move(attn)),
      mlp_joint_(std::move(mlp)),
      key_values_joint_(std::move(key_values)) {
  register_module("norm1", parts_.norm1);
  auto attention = register_module("attn", std::make_shared<DecoderPart>());
  attention->register_module("qkv", parts_.qkv);
  if (parts_.q_norm) attention->register_module("q_norm", parts_.q_norm);
  if (parts_.k_norm) attention->register_module("k_norm", parts_.k_norm);
  attention->register_module("proj", parts_.proj);
  if (parts_.post1) register_module("post1", parts_.post1);
  register_module("norm2", parts_.norm2);
  auto perceptron = register_module("mlp", std::make_shared<DecoderPart>());
  perceptron->register_module("gate_up", parts_.gate_up);
  perceptron->register_module("down", parts_.down);
  if (parts_.post2) register_module("post2", parts_.post2);
}

std::vector<Joint*> DecoderBlock::joints() {
  return {&attn_joint_, &parts_.qkv->joint(),     &key_values_joint_,   &parts_.proj->joint(),
          &mlp_joint_,  &parts_.gate_up->joint(), &parts_.down->joint()};
}

void DecoderBlock::put_before(KeyValueCache& cache, const Context& context) const {
  const auto rows = key_values_joint_.run_key_values(parts_.norm1->parameters().front(), context);
  if (rows.defined()) cache.put_before(attn_joint_.site().block, rows[0], rows[1]);
}

at::Tensor DecoderBlock::attend(const at::Tensor& normed, const Context& context, const DecoderCall& call) const {
  const auto& p = parts_;
  const auto qkv = p.qkv->forward(normed, context);
  const auto batch = qkv.size(0), rows = qkv.size(1), own = p.heads * p.head_width, shared = p.key_heads * p.head_width;
  const auto& turns = (p.slides ? call.sliding : call.whole).turns;
  const auto ready = [&](const at::Tensor& x, int64_t heads, const std::shared_ptr<RmsNorm>& norm) {
    if (!norm && !p.turns) return x;
    auto split = x.unflatten(2, {heads, p.head_width});
    if (norm) split = norm->forward_float(to_stream(split));
    if (p.turns) split = turned(split, turns);
    return split.reshape({batch, rows, -1}).to(x.scalar_type());
  };
  const auto q = ready(qkv.narrow(2, 0, own), p.heads, p.q_norm);
  const auto k = ready(qkv.narrow(2, own, shared), p.key_heads, p.k_norm);
  return p.proj->forward(mix(q, k, qkv.narrow(2, own + shared, shared), context, call), context);
}

at::Tensor DecoderBlock::mix(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Context& context,
                             const DecoderCall& call) const {
  const auto& p = parts_;
  const auto& mask = (p.slides ? call.sliding : call.whole).mask;
  auto options = call.cache ? tensor::AttentionOptions() : attention_behind(key_values_joint_, k, context);
  options.scale = p.scale;
  options.mask = mask;
  options.causal = !mask.defined();
  auto keys = k, values = v;
  if (call.cache) {
    const auto seen = call.cache->append(attn_joint_.site().block, k, v, p.key_heads);
    keys = seen.keys;
    values = seen.values;
    options.extra_keys = seen.shared_keys;
    options.extra_values = seen.shared_values;
  } else {
    options.present = context.present;
  }
  if (p.cap == 0) return tensor::attention(q, keys, values, p.heads, options);
  const auto by_heads = [&](const at::Tensor& x, int64_t heads, const at::Tensor& before) {
    auto split = to_stream(x).unflatten(2, {heads, p.head_width}).transpose(1, 2);
    if (before.defined()) split = at::cat({to_stream(before).expand({x.size(0), -1, -1, -1}), split}, 2);
    return heads == p.heads ? split : split.repeat_interleave(p.heads / heads, 1);
  };
  const auto all_keys = by_heads(keys, p.key_heads, options.extra_keys);
  const auto seen = mask.defined() ? mask : causal_mask(q.size(1), all_keys.size(2) - q.size(1), 0);
  const auto scale = p.scale != 0 ? p.scale : 1 / std::sqrt(static_cast<double>(p.head_width));
  const auto mixed = capped_attention(by_heads(q, p.heads, {}), all_keys,
                                      by_heads(values, p.key_heads, options.extra_values), scale, p.cap, seen);
  return mixed.transpose(1, 2).flatten(2).to(q.scalar_type());
}

at::Tensor DecoderBlock::mlp(const at::Tensor& normed, const Context& context) const {
  return parts_.down->forward(tensor::gated(parts_.gate_up->forward(normed, context), parts_.activation), context);
}

template <class Body>
void DecoderBlock::sublayer(Stream& stream, const Joint& joint, const RmsNorm& norm, const Body& body,
                            const Context& context) const {
  if (joint.empty()) {
    stream.add(body(norm.forward(stream.value())));
    return;
  }
  const Frozen frozen([&](const at::Tensor& u) { return to_stream(body(norm.forward(u))); },
                      [&](const at::Tensor& u) { return norm.forward_float(u); },
                      [&](const at::Tensor& u) { return to_stream(body(u)); });
  stream.add(joint.run(stream.value(), frozen, context));
}

void DecoderBlock::forward(Stream& stream, const Context& context, const DecoderCall& call) const {
  const auto behind = [](const std::shared_ptr<RmsNorm>& norm, const at::Tensor& change) {
    return norm ? norm->forward_float(to_stream(change)) : change;
  };
  sublayer(
      stream, attn_joint_, *parts_.norm1,
      [&](const at::Tensor& u) { return behind(parts_.post1, attend(u, context, call)); }, context);
  sublayer(
      stream, mlp_joint_, *parts_.norm2, [&](const at::Tensor& u) { return behind(parts_.post2, mlp(u, context)); },
      context);
}

}  // namespace graft::nn
