#include "graft/methods/ssf/ssf.h"

#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/methods/initial.h"

namespace graft::methods::ssf {
namespace {

class Ssf final : public MethodWith<Options> {
 public:
  explicit Ssf(Options options) : MethodWith(std::move(options)) {
    if (options_.init_std < 0) throw ConfigError("ssf", "--init-std {}: expected 0 or more.", options_.init_std);
  }

  std::string name() const override { return entry.name; }

  // The authors' for VTAB's CIFAR-100: 200 epochs of batches of 128 there.
  Recipe recipe(const Setting&) const override {
    return {
        .lr = 5e-3, .weight_decay = 5e-5, .warmup_epochs = 5, .epochs = 50, .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    const auto parameters = model.named_parameters();
    Adaptation adaptation;
    for (const auto* site : sites_of(entry.name, model, entry.needs.sites, options_.tower)) {
      if (site->block < 0 || !nn::matches(options_.target, site->path)) continue;
      Random own = random.fork(site->path);
      const bool shifts = parameters.contains(site->path + ".bias");
      adaptation.bindings.push_back(
          {std::make_shared<ScaleShift>(*site, shifts, options_.init_std, own), {site->path}, entry.name});
    }
    if (adaptation.bindings.empty()) {
      throw ConfigError(entry.name,
                        "--target {}: selects no linear map or convolution in a block of {}. `graft models "
                        "--sites` lists them.",
                        options_.target, model.info().source);
    }
    if (options_.norms) adaptation.trained = norm_parameters(model, options_.tower);
    return adaptation;
  }
};

}  // namespace

ScaleShift::ScaleShift(const nn::Site& site, bool shifts, double std, Random& random)
    : of_maps_(!site.window.sides.empty()) {
  scale_ = register_parameter("scale", 1 + normal({site.out}, std, random));
  if (shifts) shift_ = register_parameter("shift", normal({site.out}, std, random));
}

nn::Form ScaleShift::form() const {
  if (of_maps_) return nn::Opaque{};
  return nn::Affine{scale_, shift_};
}

at::Tensor ScaleShift::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const {
  const auto y = frozen(x);
  std::vector<int64_t> shape(static_cast<size_t>(y.dim()), 1);
  shape[of_maps_ ? 1 : shape.size() - 1] = scale_.size(0);
  const auto scaled = y * scale_.view(shape);
  return shift_.defined() ? scaled + shift_.view(shape) : scaled;
}

std::optional<nn::Folded> ScaleShift::fold(const at::Tensor& weight, const at::Tensor& bias) const {
  const torch::NoGradGuard no_grad;
  std::vector<int64_t> shape(static_cast<size_t>(weight.dim()), 1);
  shape[0] = scale_.size(0);
  nn::Folded folded{weight.to(at::kFloat) * scale_.view(shape), {}};
  if (bias.defined()) folded.bias = bias.to(at::kFloat) * scale_;
  if (shift_.defined()) folded.bias = folded.bias.defined() ? folded.bias + shift_ : shift_.clone();
  return folded;
}

const Entry entry{
    .name = "ssf",
    .summary = "a scale and a shift behind every linear map and convolution, and the norms'",
    .paper = "Lian et al. 2022, arXiv:2210.08823",
    .promises = {.folds = true},
    .needs = {.sites = {nn::SiteKind::linear, nn::SiteKind::convolution}, .any_site = true},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Ssf>(read_options<Options>("ssf", values));
    },
};

}  // namespace graft::methods::ssf
