#include "graft/methods/scaled.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/methods/places.h"
#include "graft/tensor/resting.h"

namespace graft::methods {
namespace {

// Where an insert changes what the frozen computation gives, and no more.
bool is_of_a_computation(nn::SiteKind kind) {
  return kind == nn::SiteKind::linear || kind == nn::SiteKind::convolution || kind == nn::SiteKind::sublayer ||
         kind == nn::SiteKind::maps;
}

// "head" is the head's, of which the model knows nothing.
nn::SiteKind kind_of(models::Model& model, const std::string& path) {
  return path == "head" ? nn::SiteKind::head : locate(model, nullptr, path).joint->site().kind;
}

}  // namespace

Scaled::Scaled(std::shared_ptr<nn::Insert> insert, double scale)
    : insert_(register_module("of", std::move(insert))), scale_(scale) {}

at::Tensor Scaled::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  const auto h = frozen(x);
  return h + scale_ * (insert_->forward(x, frozen, context) - h);
}

nn::Form Scaled::form() const {
  auto form = insert_->form();
  if (auto* low_rank = std::get_if<nn::LowRank>(&form)) low_rank->scale *= scale_;
  if (auto* bottleneck = std::get_if<nn::Bottleneck>(&form)) bottleneck->parts.gain *= scale_;
  if (auto* affine = std::get_if<nn::Affine>(&form)) {
    if (affine->scale.defined()) affine->scale = 1 + scale_ * (affine->scale - 1);
    if (affine->shift.defined()) affine->shift = scale_ * affine->shift;
  }
  return form;
}

std::optional<nn::Folded> Scaled::fold(const at::Tensor& weight, const at::Tensor& bias) const {
  auto folded = insert_->fold(weight, bias);
  if (!folded) return folded;
  folded->weight = weight + scale_ * (folded->weight - weight);
  if (folded->bias.defined())
    folded->bias = bias.defined() ? bias + scale_ * (folded->bias - bias) : scale_ * folded->bias;
  return folded;
}

Adaptation scaled(const Adaptation& adaptation, double scale, models::Model& model, const std::string& name) {
  Adaptation all = adaptation;
  for (auto& binding : all.bindings) {
    for (const auto& path : binding.sites) {
      if (is_of_a_computation(kind_of(model, path))) continue;
      throw ModelError("adapter", "{}: {} at {} is there or is not, and has no part. Leave the number out.", name,
                       binding.method, path);
    }
    binding.insert = std::make_shared<Scaled>(binding.insert, scale);
  }
  return all;
}

void scale_parameters(const nn::NamedTensors& before, double scale, models::Model& model) {
  const torch::NoGradGuard no_grad;
  const auto parameters = model.named_parameters();
  for (const auto& [name, was] : before) {
    auto now = parameters[name].detach();
    tensor::wake(now);
    now.copy_(was + scale * (now.to(at::kFloat) - was));
  }
}

Adaptation stacked(const Adaptation& inner, const Adaptation& outer, models::Model& model, const std::string& names) {
  Adaptation all = inner;
  for (const auto& name : outer.trained) {
    if (std::ranges::find(all.trained, name) != all.trained.end()) {
      throw ModelError("adapter", "{}: both trained {}, which is one or the other. Name one of them.", names, name);
    }
    all.trained.push_back(name);
  }
  for (const auto& binding : outer.bindings) {
    for (const auto& path : binding.sites) {
      if (is_of_a_computation(kind_of(model, path))) continue;
      const auto stands = std::ranges::any_of(inner.bindings, [&](const Binding& other) {
        return std::ranges::find(other.sites, path) != other.sites.end();
      });
      if (path != "head" && !stands) continue;
      throw ModelError("adapter", "{}: {} at {} does not compose with what the first has there. Name one of them.",
                       names, binding.method, path);
    }
    all.bindings.push_back(binding);
  }
  all.rates.insert(outer.rates.begin(), outer.rates.end());
  all.by_batch.insert(all.by_batch.end(), outer.by_batch.begin(), outer.by_batch.end());
  return all;
}

}  // namespace graft::methods
