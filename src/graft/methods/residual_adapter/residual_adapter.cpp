#include "graft/methods/residual_adapter/residual_adapter.h"

#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/methods/places.h"
#include "graft/nn/convolution.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::residual_adapter {
namespace {

class ResidualAdapter final : public MethodWith<Options> {
 public:
  using MethodWith::MethodWith;

  std::string name() const override { return entry.name; }

  // The authors': stochastic gradient descent at 0.1. They let the rate fall by ten twice in 120 epochs; here it falls
  // as a cosine in as many as other methods have.
  Recipe recipe(const Setting&) const override {
    return {.optimizer = OptimizerKind::sgd,
            .lr = 0.1,
            .weight_decay = 1e-4,
            .epochs = 50,
            .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random&) const override {
    auto& model = *setting.model;
    check_towers(entry.name, Towers::reader, model, head);
    Adaptation adaptation;
    for (const auto* site : sites_of(entry.name, model, nn::SiteKind::convolution, Towers::reader)) {
      if (site->block < 0 || site->window.taps() == 1 || !nn::matches(options_.target, site->path)) continue;
      adaptation.bindings.push_back({std::make_shared<Beside>(*site), {site->path}, entry.name});
    }
    if (adaptation.bindings.empty()) {
      throw ConfigError(entry.name,
                        "--target {}: selects no convolution in a block of {} that is larger than 1 x 1. "
                        "`graft models --sites` lists them.",
                        options_.target, model.info().source);
    }
    if (options_.norms) adaptation.trained = norm_parameters(model, Towers::reader);
    return adaptation;
  }
};

}  // namespace

Beside::Beside(const nn::Site& site) : stride_(site.window.stride) {
  std::vector<int64_t> shape = {site.out, site.in};
  shape.resize(2 + site.window.sides.size(), 1);
  weight_ = register_parameter("weight", torch::zeros(shape, tensor::on_cpu()));
}

at::Tensor Beside::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const {
  return frozen(x) + nn::convolve(x.to(weight_.scalar_type()), weight_, {}, stride_);
}

std::optional<nn::Folded> Beside::fold(const at::Tensor& weight, const at::Tensor& bias) const {
  const torch::NoGradGuard no_grad;
  nn::Folded folded{weight.to(at::kFloat).clone(), bias};
  auto middle = folded.weight;
  for (int64_t d = 2; d < weight.dim(); ++d)
    middle = middle.narrow(d, weight.size(d) / 2, 1);
  middle.add_(weight_);
  return folded;
}

const Entry entry{
    .name = "residual-adapter",
    .summary = "a convolution of 1 x 1 beside each larger one of residual paths, and the norms",
    .paper = "Rebuffi et al. 2018, arXiv:1803.10082",
    .promises = {.identity_at_start = true, .folds = true},
    .needs = {.sites = {nn::SiteKind::convolution}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<ResidualAdapter>(read_options<Options>("residual-adapter", values));
    },
};

}  // namespace graft::methods::residual_adapter
