#include "graft/models/timesformer/divided_block.h"

#include <torch/types.h>

#include "graft/tensor/attention.h"

namespace graft::models {
namespace {

// Only a name in the parameters' paths.
struct Part : torch::nn::Module {};

// What a sub-layer adds to the stream x [B, T, D], with whatever sits at its joint.
template <class Body>
at::Tensor change(const at::Tensor& x, const nn::Joint& joint, const nn::LayerNorm& norm, const Body& body,
                  const nn::Context& context) {
  const auto whole = [&](const at::Tensor& u) { return nn::to_stream(body(norm.forward(u))); };
  if (joint.empty()) return whole(x);
  const nn::Frozen frozen(
      whole, [&](const at::Tensor& u) { return norm.forward_float(u); },
      [&](const at::Tensor& u) { return nn::to_stream(body(u)); });
  return joint.run(x, frozen, context);
}

}  // namespace

DividedBlock::DividedBlock(DividedParts parts, nn::Site temporal, nn::Site attn, nn::Site mlp)
    : parts_(std::move(parts)), temporal_(std::move(temporal)), attn_(std::move(attn)), mlp_(std::move(mlp)) {
  register_module("temporal_norm", parts_.temporal_norm);
  const auto over_time = register_module("temporal_attn", std::make_shared<Part>());
  over_time->register_module("qkv", parts_.temporal_qkv);
  over_time->register_module("proj", parts_.temporal_proj);
  register_module("temporal_fc", parts_.temporal_fc);
  register_module("norm1", parts_.norm1);
  const auto over_space = register_module("attn", std::make_shared<Part>());
  over_space->register_module("qkv", parts_.qkv);
  over_space->register_module("proj", parts_.proj);
  register_module("norm2", parts_.norm2);
  const auto perceptron = register_module("mlp", std::make_shared<Part>());
  perceptron->register_module("fc1", parts_.fc1);
  perceptron->register_module("fc2", parts_.fc2);
}

std::vector<nn::Joint*> DividedBlock::joints() {
  return {&temporal_,
          &parts_.temporal_qkv->joint(),
          &parts_.temporal_proj->joint(),
          &parts_.temporal_fc->joint(),
          &attn_,
          &parts_.qkv->joint(),
          &parts_.proj->joint(),
          &mlp_,
          &parts_.fc1->joint(),
          &parts_.fc2->joint()};
}

at::Tensor DividedBlock::attend(const nn::Linear& qkv, const nn::Linear& proj, const at::Tensor& normed,
                                const nn::Context& context) const {
  return proj.forward(tensor::attention(qkv.forward(normed, context), parts_.heads, {}), context);
}

at::Tensor DividedBlock::forward(const at::Tensor& x, const nn::Context& context) const {
  const auto clips = x.size(0), width = x.size(2), frames = parts_.frames, patches = (x.size(1) - 1) / frames;
  const auto classes = x.narrow(1, 0, 1);  // [B, 1, D]
  // [B * N, T, D]
  auto over_time = x.narrow(1, 1, patches * frames).reshape({clips * patches, frames, width});
  over_time = over_time + change(
                              over_time, temporal_, *parts_.temporal_norm,
                              [&](const at::Tensor& u) {
                                return parts_.temporal_fc->forward(
                                    attend(*parts_.temporal_qkv, *parts_.temporal_proj, u, context), context);
                              },
                              context);
  // [B * T, 1 + N, D]: every frame with the clip's class token
  const auto in_frames = over_time.view({clips, patches, frames, width}).transpose(1, 2);
  const auto stream = at::cat({classes.unsqueeze(1).expand({clips, frames, 1, width}), in_frames}, 2)
                          .view({clips * frames, 1 + patches, width});
  const auto changes = change(
                           stream, attn_, *parts_.norm1,
                           [&](const at::Tensor& u) { return attend(*parts_.qkv, *parts_.proj, u, context); }, context)
                           .view({clips, frames, 1 + patches, width});
  const auto new_classes = classes + changes.select(2, 0).mean(1, /*keepdim=*/true);
  const auto new_patches = (in_frames + changes.narrow(2, 1, patches)).transpose(1, 2);
  const auto all = at::cat({new_classes, new_patches.reshape({clips, patches * frames, width})}, 1);
  return all + change(
                   all, mlp_, *parts_.norm2,
                   [&](const at::Tensor& u) {
                     return parts_.fc2->forward(parts_.fc1->forward(u, context, parts_.activation), context);
                   },
                   context);
}

}  // namespace graft::models
