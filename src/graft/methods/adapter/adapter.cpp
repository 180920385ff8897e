#include "graft/methods/adapter/adapter.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/methods/dropout.h"
#include "graft/methods/initial.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::adapter {
namespace {

bool is_parallel(Variant variant) {
  return variant == Variant::parallel || variant == Variant::scaled_parallel;
}

Init own_init(Variant variant) {
  if (is_parallel(variant)) return Init::lora;
  return variant == Variant::houlsby ? Init::houlsby : Init::bert;
}

int64_t own_bottleneck(Variant variant, int64_t width) {
  if (variant == Variant::houlsby) return 64;
  return std::max<int64_t>(1, width / (variant == Variant::pfeiffer ? 16 : 2));
}

class Adapter final : public MethodWith<Options> {
 public:
  explicit Adapter(Options options) : MethodWith(options) {
    if (options_.bottleneck && *options_.bottleneck < 1) {
      throw ConfigError("adapter", "--bottleneck {}: expected 1 or more.", *options_.bottleneck);
    }
    if (options_.dropout < 0 || options_.dropout >= 1) {
      throw ConfigError("adapter", "--dropout {}: expected 0 or more, below 1.", options_.dropout);
    }
  }

  std::string name() const override { return entry.name; }

  // Houlsby et al.'s for GLUE, in the range that they sweep the rate over; He et al. take 1e-4 for theirs.
  Recipe recipe(const Setting&) const override {
    constexpr int64_t kEpochs = 50;
    return {.lr = is_parallel(options_.variant) ? 1e-4 : 3e-4,
            .weight_decay = 0.01,
            .schedule = ScheduleKind::linear,
            .warmup_epochs = 0.1 * kEpochs,
            .epochs = kEpochs,
            .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    const bool after_attention = options_.variant == Variant::houlsby;
    Adaptation adaptation;
    for (const auto* site : sites_of(entry.name, model, nn::SiteKind::sublayer, options_.tower)) {
      if (!after_attention && site->part != "mlp") continue;
      Random own = random.fork(site->path);
      adaptation.bindings.push_back(
          {std::make_shared<Bottleneck>(shape(site->in), init(), options_.init_std, own), {site->path}, entry.name});
    }
    if (options_.variant == Variant::houlsby) adaptation.trained = norm_parameters(model, options_.tower);
    return adaptation;
  }

 private:
  Init init() const { return options_.init.value_or(own_init(options_.variant)); }

  Bottleneck::Shape shape(int64_t width) const {
    const Variant variant = options_.variant;
    return {.width = width,
            .inner = options_.bottleneck.value_or(own_bottleneck(variant, width)),
            .parallel = is_parallel(variant),
            .reads_norm = options_.input == Input::norm,
            .reads_sum = variant == Variant::pfeiffer,
            .gelu = variant == Variant::houlsby,
            .scale = options_.scale.value_or(variant == Variant::scaled_parallel ? 4 : 1),
            .dropout = options_.dropout};
  }
};

}  // namespace

std::vector<std::pair<Variant, std::string>> choices(Variant) {
  return {{Variant::houlsby, "houlsby"},
          {Variant::pfeiffer, "pfeiffer"},
          {Variant::parallel, "parallel"},
          {Variant::scaled_parallel, "scaled-parallel"}};
}
std::vector<std::pair<Init, std::string>> choices(Init) {
  return {{Init::houlsby, "houlsby"}, {Init::bert, "bert"}, {Init::lora, "lora"}};
}
std::vector<std::pair<Input, std::string>> choices(Input) {
  return {{Input::norm, "norm"}, {Input::stream, "stream"}};
}

Bottleneck::Bottleneck(const Shape& shape, Init init, double init_std, Random& random) : shape_(shape) {
  const int64_t width = shape.width, inner = shape.inner;
  const auto map = [&](int64_t out, int64_t in, bool upper) {
    switch (init) {
      case Init::houlsby:
        return truncated_normal({out, in}, init_std, random);
      case Init::bert:
        return normal({out, in}, 0.02, random);
      case Init::lora:
        return upper ? torch::zeros({out, in}, tensor::on_cpu()) : kaiming_uniform(out, in, random);
    }
    GRAFT_ASSERT(false);
  };
  down_weight_ = register_parameter("down_weight", map(inner, width, false));
  down_bias_ = register_parameter("down_bias", torch::zeros({inner}, tensor::on_cpu()));
  up_weight_ = register_parameter("up_weight", map(width, inner, true));
  up_bias_ = register_parameter("up_bias", torch::zeros({width}, tensor::on_cpu()));
}

at::Tensor Bottleneck::branch(const at::Tensor& x, const nn::Context& context) const {
  const auto inner = torch::linear(x.to(down_weight_.scalar_type()), down_weight_, down_bias_);
  const auto active = dropout(shape_.gelu ? torch::gelu(inner) : torch::relu(inner), shape_.dropout, context);
  return shape_.scale * torch::linear(active, up_weight_, up_bias_);
}

nn::Form Bottleneck::form() const {
  return nn::Bottleneck{.parts = {.down_weight = down_weight_,
                                  .down_bias = down_bias_,
                                  .up_weight = up_weight_,
                                  .up_bias = up_bias_,
                                  .activation = shape_.gelu ? tensor::Activation::gelu : tensor::Activation::relu,
                                  .gain = shape_.scale},
                        .parallel = shape_.parallel,
                        .reads_norm = shape_.reads_norm,
                        .reads_sum = shape_.reads_sum,
                        .dropout = shape_.dropout};
}

at::Tensor Bottleneck::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  if (shape_.parallel && shape_.reads_norm) {
    const auto normed = frozen.norm(x);
    return frozen.body(normed) + branch(normed, context);
  }
  const auto h = frozen(x);
  if (shape_.reads_sum && frozen.has_norm_behind()) return h + branch(frozen.norm_behind(x + h), context);
  return h + branch(shape_.parallel ? x : h, context);
}

const Entry entry{
    .name = "adapter",
    .summary = "a small two-layer network after, or beside, attention and MLP",
    .paper = "Houlsby et al. 2019, arXiv:1902.00751",
    .needs = {.sites = {nn::SiteKind::sublayer}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Adapter>(read_options<Options>("adapter", values));
    },
    .size_option = "bottleneck",
};

}  // namespace graft::methods::adapter
