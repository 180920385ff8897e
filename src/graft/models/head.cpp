#include "graft/models/head.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models {
namespace {

nn::Site head_site(int64_t features, int64_t outputs) {
  nn::Site site;
  site.path = "head";
  site.kind = nn::SiteKind::head;
  site.tower = nn::Tower::head;
  site.in = features;
  site.out = outputs;
  site.place = std::numeric_limits<nn::Place>::max();  // beyond every place of the towers
  return site;
}

// What is known of the rows of a value, for a head that reads all of them.
nn::Context of_rows(const nn::Value& value, const nn::Context& context) {
  auto inner = context;
  inner.layout = value.layout;
  inner.present = value.present;
  return inner;
}

}  // namespace

at::Tensor unit(const at::Tensor& x) {
  return x / x.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
}

std::vector<std::pair<HeadKind, std::string>> choices(HeadKind) {
  return {{HeadKind::linear, "linear"}, {HeadKind::prompts, "prompts"}};
}

std::string to_string(HeadKind kind) {
  switch (kind) {
    case HeadKind::own:
      return "own";
    case HeadKind::linear:
      return "linear";
    case HeadKind::prompts:
      return "prompts";
  }
  GRAFT_ASSERT(false);
}

Head::Head(int64_t features, int64_t outputs) : joint_(head_site(features, outputs)), outputs_(outputs) {}

at::Tensor Head::answer(const Tower& tower, const nn::Value& value, nn::Context& context) const {
  if (const auto place = map_at()) return forward(tower.map(value, *place), context);
  if (reads_rows()) return forward(tower.rows(value), context);
  auto inner = of_rows(value, context);
  return forward(value.x, inner);
}

at::Tensor Head::forward(const at::Tensor& features, nn::Context& context) const {
  if (reads_rows() && (features.dim() != 2 || features.size(1) != joint_.site().in)) {
    throw ShapeError("head", "expected features [B, {}], got [{}].", joint_.site().in,
                     fmt::join(features.sizes(), ", "));
  }
  const nn::Frozen frozen([&](const at::Tensor& u) { return this->frozen(u, context); });
  return joint_.run(features, frozen, context);
}

at::Tensor Head::own_loss(const Tower& tower, const nn::Value& value, const at::Tensor& target,
                          nn::Context& context) const {
  if (reads_rows()) return own_loss(tower.rows(value), target, context);
  auto inner = of_rows(value, context);
  return own_loss(value.x, target, inner);
}

at::Tensor Head::own_loss(const at::Tensor&, const at::Tensor&, nn::Context&) const {
  GRAFT_ASSERT(has_own_loss());
  return {};
}

void start_linear(const at::Tensor& weight, const at::Tensor& bias, HeadInit init, Random& random) {
  const auto fill = [&](double std) {
    auto* values = weight.data_ptr<float>();
    for (int64_t i = 0; i < weight.numel(); ++i)
      values[i] = static_cast<float>(std * random.normal());
  };
  if (init == HeadInit::normal) fill(0.02);
  if (init == HeadInit::tsn) fill(0.01);
  if (init == HeadInit::uniform) {
    const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
    for (const auto* part : {&weight, &bias}) {
      auto* values = part->data_ptr<float>();
      for (int64_t i = 0; i < part->numel(); ++i)
        values[i] = static_cast<float>(random.uniform(-bound, bound));
    }
  }
  if (init == HeadInit::vpt) {
    fill(std::sqrt(2.0 / static_cast<double>(weight.size(0))));
    bias.fill_(-std::log(99.0));
  }
}

LinearHead::LinearHead(int64_t features, int64_t outputs, HeadInit init, Random& random)
    : Head(features, outputs), unit_features_(init == HeadInit::class_text) {
  weight = at::zeros({outputs, features}, tensor::on_cpu());
  bias = at::zeros({outputs}, tensor::on_cpu());
  start_linear(weight, bias, init, random);
  weight = register_parameter("weight", weight);
  bias = register_parameter("bias", bias);
}

at::Tensor LinearHead::frozen(const at::Tensor& features, nn::Context&) const {
  return at::linear(unit_features_ ? unit(features) : features, weight, bias);
}

}  // namespace graft::models
