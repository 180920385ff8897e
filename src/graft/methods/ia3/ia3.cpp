#include "graft/methods/ia3/ia3.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/methods/ia3/peft.h"
#include "graft/methods/map_targets.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::ia3 {
namespace {

class Ia3 final : public MethodWith<Options> {
 public:
  using MethodWith::MethodWith;
  std::string name() const override { return entry.name; }

  // The paper's rate, with Adafactor and a linear fall over 1,000 steps; epochs are for few examples.
  Recipe recipe(const Setting&) const override {
    return {.lr = 3e-3, .schedule = ScheduleKind::linear, .epochs = 50, .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random&) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    const auto sites = sites_of(entry.name, model, entry.needs.sites, options_.tower);
    Adaptation adaptation;
    const auto add = [&](const std::string& path, Side side) {
      const auto [joint, slice] = locate(model, nullptr, path);
      const auto& site = joint->site();
      const auto outputs = slice ? slice->end - slice->begin : site.out;
      adaptation.bindings.push_back(
          {std::make_shared<Factors>(at::ones({side == Side::outputs ? outputs : site.in}, tensor::on_cpu(at::kFloat)),
                                     side, static_cast<int64_t>(site.window.sides.size())),
           {path},
           entry.name});
    };
    // An insert on inputs first: it is the innermost, and outputs are multiplied behind it.
    const auto of_inputs = map_targets(entry.name, "inputs", options_.inputs, model, sites, /*perhaps=*/true);
    for (const auto& path : of_inputs)
      add(path, Side::inputs);
    for (const auto& path : map_targets(entry.name, "target", options_.target, model, sites, !of_inputs.empty()))
      add(path, Side::outputs);
    return adaptation;
  }

  nlohmann::json peft_config(models::Model& model, const Adaptation& adaptation) const override {
    return peft::can_hold(model, adaptation) ? peft::config(model, adaptation) : Method::peft_config(model, adaptation);
  }
  nn::NamedTensors to_disk(models::Model& model, const Adaptation& adaptation) const override {
    return peft::can_hold(model, adaptation) ? peft::write(model, adaptation) : Method::to_disk(model, adaptation);
  }
  void from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const override {
    if (peft::can_hold(model, adaptation)) {
      peft::read(model, tensors, adaptation);
    } else {
      Method::from_disk(model, tensors, adaptation);
    }
  }
};

}  // namespace

Factors::Factors(at::Tensor factors, Side side, int64_t dimensions)
    : factors_(register_parameter("factors", std::move(factors))), side_(side), dimensions_(dimensions) {}

at::Tensor Factors::times(const at::Tensor& x) const {
  std::vector<int64_t> shape(static_cast<size_t>(dimensions_) + 1, 1);
  shape.front() = -1;
  return x * factors_.view(shape).to(x.scalar_type());
}

at::Tensor Factors::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const {
  return side_ == Side::inputs ? frozen(times(x)) : times(frozen(x));
}

nn::Form Factors::form() const {
  if (side_ == Side::outputs && dimensions_ == 0) return nn::Affine{.scale = factors_, .shift = {}};
  return nn::Opaque{};
}

std::optional<nn::Folded> Factors::fold(const at::Tensor& weight, const at::Tensor& bias) const {
  const torch::NoGradGuard no_grad;
  std::vector<int64_t> shape(static_cast<size_t>(weight.dim()), 1);
  shape[side_ == Side::outputs ? 0 : 1] = -1;
  nn::Folded folded{weight.to(torch::kFloat32) * factors_.view(shape), bias};
  if (side_ == Side::outputs && bias.defined()) folded.bias = bias * factors_;
  return folded;
}

const Entry entry{
    .name = "ia3",
    .summary = "factors on keys, values and what the MLP's second map reads",
    .paper = "Liu et al. 2022, arXiv:2205.05638",
    .promises = {.identity_at_start = true, .folds = true},
    .needs = {.sites = {nn::SiteKind::linear, nn::SiteKind::convolution}, .any_site = true},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Ia3>(read_options<Options>("ia3", values));
    },
    .peft_type = "IA3",
    .from_peft = peft::from_peft,
    .peft_fields = peft::fields,
};

}  // namespace graft::methods::ia3
