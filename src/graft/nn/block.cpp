#include "graft/nn/block.h"

#include <torch/types.h>

#include <optional>

#include "graft/core/error.h"
#include "graft/nn/key_values.h"
#include "graft/tensor/attention.h"

namespace graft::nn {
namespace {

// Only a name in the parameters' paths.
struct Part : torch::nn::Module {};

at::Tensor layer_scale(torch::nn::Module& block, const char* name, const at::Tensor& scale) {
  return scale.defined() ? block.register_parameter(name, scale, /*requires_grad=*/false) : at::Tensor();
}

// Bottlenecks work on each row alone, so a sub-layer under them can be asked for a few of its rows.
bool works_row_by_row(const Joint& joint) {
  for (const auto& occupant : joint.occupants()) {
    if (!std::holds_alternative<Bottleneck>(occupant.insert->form())) return false;
  }
  return true;
}

// Attention of sequences with a common start: that attends to itself, and what follows it to it and to itself.
at::Tensor attend_behind(const CommonStart& start, const at::Tensor& qkv, int64_t heads,
                         const tensor::AttentionOptions& options) {
  const auto rows = start.rows, width = qkv.size(2) / 3;
  const auto first = qkv.narrow(1, 0, rows);
  const auto rest = qkv.narrow(1, rows, qkv.size(1) - rows).view({start.sequences, -1, 3 * width});
  const auto parts = first.chunk(3, 2);
  auto behind = options;
  const auto add_first = [&](at::Tensor& extra, const at::Tensor& t) {
    const auto split = t.view({1, rows, heads, -1}).transpose(1, 2);
    extra = extra.defined() ? at::cat({extra.to(split.scalar_type()), split}, 2) : split;
  };
  add_first(behind.extra_keys, parts[1]);
  add_first(behind.extra_values, parts[2]);
  const auto mixed = tensor::attention(rest, heads, behind);
  return at::cat({tensor::attention(first, heads, options), mixed.view({1, -1, width})}, 1);
}

// The one bottleneck at a joint that can run fused with what is around it; nothing: the inserts run as they are.
std::optional<Bottleneck> fused(const Joint& joint, const Context& context) {
  if (joint.occupants().size() != 1) return {};
  const auto form = joint.occupants().front().insert->form();
  const auto* bottleneck = std::get_if<Bottleneck>(&form);
  if (!bottleneck || (context.training && bottleneck->dropout > 0)) return {};
  return *bottleneck;
}

// Of a sub-layer's change h, which read `normed` of `stream`.
at::Tensor run(const Bottleneck& form, const at::Tensor& h, const at::Tensor& normed, const at::Tensor& stream) {
  if (!form.parallel) return tensor::bottleneck(h, h, form.parts);
  return tensor::bottleneck(form.reads_norm ? normed : stream, h, form.parts);
}

}  // namespace

at::Tensor take_rows(const at::Tensor& x, const at::Tensor& rows) {
  return x.gather(1, rows.view({-1, 1, 1}).expand({x.size(0), 1, x.size(2)}));
}

Block::Block(BlockParts parts, Site attn, Site mlp, Site key_values)
    : parts_(std::move(parts)),
      attn_joint_(std::move(attn)),
      mlp_joint_(std::move(mlp)),
      key_values_joint_(std::move(key_values)) {
  register_module("norm1", parts_.norm1);
  auto attention = register_module("attn", std::make_shared<Part>());
  attention->register_module("qkv", parts_.qkv);
  attention->register_module("proj", parts_.proj);
  parts_.proj->set_layer_scale(layer_scale(*this, "scale1", parts_.scale1));
  register_module("norm2", parts_.norm2);
  auto perceptron = register_module("mlp", std::make_shared<Part>());
  perceptron->register_module("fc1", parts_.fc1);
  perceptron->register_module("fc2", parts_.fc2);
  parts_.fc2->set_layer_scale(layer_scale(*this, "scale2", parts_.scale2));
}

std::vector<Joint*> Block::joints() {
  std::vector<Joint*> all = {&attn_joint_, &parts_.qkv->joint()};
  if (key_values_joint_.site().heads > 0) all.push_back(&key_values_joint_);
  all.insert(all.end(), {&parts_.proj->joint(), &mlp_joint_, &parts_.fc1->joint(), &parts_.fc2->joint()});
  return all;
}

at::Tensor Block::attend(const at::Tensor& normed, const Context& context) const {
  const auto qkv = parts_.qkv->forward(normed, context);
  if (context.alone) return parts_.proj->forward(qkv.chunk(3, 2)[2].contiguous(), context);
  auto options = attention_behind(key_values_joint_, qkv, context);
  options.causal = parts_.causal;
  if (context.start) {
    GRAFT_ASSERT(parts_.causal && !context.present.defined());
    return parts_.proj->forward(attend_behind(*context.start, qkv, parts_.heads, options), context);
  }
  options.present = context.present;
  return parts_.proj->forward(tensor::attention(qkv, parts_.heads, options), context);
}

at::Tensor Block::attend_rows(const at::Tensor& normed, const at::Tensor& rows, const Context& context) const {
  const auto qkv = parts_.qkv->forward(normed, context).chunk(3, 2);
  auto options = attention_behind(key_values_joint_, qkv[0], context);
  options.present = context.present;
  if (parts_.causal) {  // a row sees the keys up to its own place, and all that stand before them
    const auto before = options.extra_keys.defined() ? options.extra_keys.size(2) : 0;
    const auto keys = at::arange(-before, normed.size(1), rows.options());
    options.mask = (keys.unsqueeze(0) <= rows.unsqueeze(1)).view({rows.size(0), 1, 1, -1});
  }
  return parts_.proj->forward(tensor::attention(take_rows(qkv[0], rows), qkv[1], qkv[2], parts_.heads, options),
                              context);
}

at::Tensor Block::mlp(const at::Tensor& normed, const Context& context) const {
  return parts_.fc2->forward(parts_.fc1->forward(normed, context, parts_.activation), context);
}

template <class Body>
void Block::sublayer(Stream& stream, const Joint& joint, const LayerNorm& norm, const Body& body,
                     const Context& context) const {
  if (parts_.norm_first) {
    pre_norm(stream, joint, norm, body, context);
  } else {
    post_norm(stream, joint, norm, body, context);
  }
}

template <class Body>
void Block::pre_norm(Stream& stream, const Joint& joint, const LayerNorm& norm, const Body& body,
                     const Context& context) const {
  if (joint.empty()) {
    stream.add(body(stream.normed(norm)));
    return;
  }
  if (const auto form = fused(joint, context)) {
    const auto normed = stream.normed(norm);
    stream.add(run(*form, body(normed), normed, stream.value()));
    return;
  }
  const Frozen frozen([&](const at::Tensor& u) { return to_stream(body(norm.forward(u))); },
                      [&](const at::Tensor& u) { return norm.forward_float(u); },
                      [&](const at::Tensor& u) { return to_stream(body(u)); });
  stream.add(joint.run(stream.value(), frozen, context));
}

// What a sub-layer reads is the stream, which is normed already.
template <class Body>
void Block::post_norm(Stream& stream, const Joint& joint, const LayerNorm& norm, const Body& body,
                      const Context& context) const {
  const auto x = stream.value();
  at::Tensor change;
  if (joint.empty()) {
    change = body(x);
  } else if (const auto form = fused(joint, context)) {
    const auto h = body(x);
    const auto read = form->parallel ? x : form->reads_sum ? norm.of_sum(x, h) : h;
    change = tensor::bottleneck(read.to(h.scalar_type()), h, form->parts);
  } else {
    const auto frozen = Frozen::post_norm([&](const at::Tensor& u) { return to_stream(body(u)); },
                                          [&](const at::Tensor& u) { return norm.forward_float(u); });
    change = joint.run(x, frozen, context);
  }
  stream = Stream(norm.of_sum(x, change));
}

void Block::forward(Stream& stream, const Context& context) const {
  sublayer(
      stream, attn_joint_, *parts_.norm1, [&](const at::Tensor& u) { return attend(u, context); }, context);
  sublayer(
      stream, mlp_joint_, *parts_.norm2, [&](const at::Tensor& u) { return mlp(u, context); }, context);
}

at::Tensor Block::forward(const at::Tensor& x, const Context& context) const {
  Stream stream(x);
  forward(stream, context);
  return stream.value();
}

at::Tensor Block::forward_rows(Stream& stream, const at::Tensor& rows, const Context& context) const {
  GRAFT_ASSERT(!context.start);
  if (!works_row_by_row(attn_joint_) || !works_row_by_row(mlp_joint_)) {
    forward(stream, context);
    return take_rows(stream.value(), rows);
  }
  if (!parts_.norm_first) {
    const auto attended = attend_rows(stream.value(), rows, context);
    Stream few(take_rows(stream.value(), rows));
    post_norm(
        few, attn_joint_, *parts_.norm1, [&](const at::Tensor&) { return attended; }, context);
    post_norm(
        few, mlp_joint_, *parts_.norm2, [&](const at::Tensor& u) { return mlp(u, context); }, context);
    return few.value();
  }
  const auto normed = stream.normed(*parts_.norm1);
  const auto attended = attend_rows(normed, rows, context);
  Stream few(take_rows(stream.value(), rows));
  if (attn_joint_.empty()) {
    few.add(attended);
  } else if (const auto form = fused(attn_joint_, context)) {
    few.add(run(*form, attended, take_rows(normed, rows), few.value()));
  } else {
    const Frozen frozen([&](const at::Tensor&) { return to_stream(attended); },
                        [&](const at::Tensor& u) { return parts_.norm1->forward_float(u); },
                        [&](const at::Tensor&) { return to_stream(attended); });
    few.add(attn_joint_.run(few.value(), frozen, context));
  }
  sublayer(
      few, mlp_joint_, *parts_.norm2, [&](const at::Tensor& u) { return mlp(u, context); }, context);
  return few.value();
}

}  // namespace graft::nn
