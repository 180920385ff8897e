#include "graft/methods/adapter/adapter.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/methods/drop_path.h"
#include "graft/methods/dropout.h"
#include "graft/methods/initial.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::adapter {
namespace {

constexpr double kGateBias = -4;

// What a variant is, where nothing else is said.
struct Design {
  Form form = Form::sequential;
  Where place = Where::feed_forward;
  Composition composition = Composition::add;
  int64_t bottleneck = 0, share = 1;  // inner width; 0: the share of the width
  Activation activation = Activation::relu;
  Init init = Init::lora;
  double init_std = 1e-3;
  double scale = 1;
  Input input = Input::norm;
  double dropout = 0, drop_path = 0;
  int64_t phm = 0;
  bool trains_norms = false;
};

Design design_of(Variant variant) {
  switch (variant) {
    case Variant::houlsby:
      return {.place = Where::both,
              .bottleneck = 64,
              .activation = Activation::gelu,
              .init = Init::houlsby,
              .trains_norms = true};
    case Variant::pfeiffer:
      return {.share = 16, .init = Init::bert};
    case Variant::parallel:
      return {.form = Form::parallel, .share = 2};
    case Variant::scaled_parallel:
      return {.form = Form::parallel, .share = 2, .scale = 4};
    case Variant::adaptformer:
      return {.form = Form::parallel, .bottleneck = 64, .scale = 0.1, .input = Input::stream, .dropout = 0.1};
    case Variant::adapter_plus:
      return {.composition = Composition::channel,
              .bottleneck = 8,
              .activation = Activation::gelu,
              .init = Init::houlsby,
              .init_std = 1e-2,
              .input = Input::sum,
              .drop_path = 0.1};
    case Variant::compacter:
      return {.place = Where::both, .share = 32, .activation = Activation::gelu, .phm = 4, .trains_norms = true};
  }
  GRAFT_ASSERT(false);
}

// The variant's with what the user set.
Design design_of(const Options& o) {
  auto d = design_of(o.variant);
  d.form = o.form.value_or(d.form);
  d.place = o.place.value_or(d.place);
  d.composition = o.composition.value_or(d.composition);
  d.bottleneck = o.bottleneck.value_or(d.bottleneck);
  d.activation = o.activation.value_or(d.activation);
  d.init = o.init.value_or(d.init);
  d.init_std = o.init_std.value_or(d.init_std);
  d.scale = o.scale.value_or(d.scale);
  if (d.form != design_of(o.variant).form) d.input = Input::norm;
  d.input = o.input.value_or(d.input);
  d.dropout = o.dropout.value_or(d.dropout);
  d.drop_path = o.drop_path.value_or(d.drop_path);
  d.phm = o.phm.value_or(d.phm);
  return d;
}

void check_share(const char* option, double share) {
  if (share < 0 || share >= 1) throw ConfigError("adapter", "--{} {}: expected 0 or more, below 1.", option, share);
}

class Adapter final : public MethodWith<Options> {
 public:
  explicit Adapter(Options options) : MethodWith(options), design_(design_of(options)) {
    if (options_.bottleneck && *options_.bottleneck < 1) {
      throw ConfigError("adapter", "--bottleneck {}: expected 1 or more.", *options_.bottleneck);
    }
    check_share("dropout", design_.dropout);
    check_share("drop-path", design_.drop_path);
    if (design_.phm < 0) throw ConfigError("adapter", "--phm {}: expected 0 or more.", design_.phm);
    if (design_.phm > 0 && options_.init) {
      throw ConfigError("adapter",
                        "--init {}: says nothing of maps as of PHM, which start as their paper has it. Leave "
                        "it out, or take --phm 0.",
                        option::print(*options_.init));
    }
    const bool parallel = design_.form == Form::parallel;
    if (options_.input) {
      if (parallel && *options_.input == Input::sum) {
        throw ConfigError("adapter",
                          "--input sum: what the sub-layer gives is not there yet beside it. Take --form "
                          "sequential, or --input norm or stream.");
      }
      if (!parallel && *options_.input == Input::stream) {
        throw ConfigError("adapter",
                          "--input stream: a sequential adapter reads what the sub-layer gives. Take --form "
                          "parallel, or --input sum.");
      }
    }
  }

  std::string name() const override { return entry.name; }

  // Houlsby et al.'s for GLUE, in the range that they sweep the rate over; He et al. take 1e-4 for theirs, Karimi
  // Mahabadi et al. 3e-3, Steitz and Roth 1e-3 in 100 epochs. Chen et al. train by SGD, at a rate for each data set.
  Recipe recipe(const Setting&) const override {
    constexpr int64_t kEpochs = 50;
    if (options_.variant == Variant::adapter_plus) {
      return {.lr = 1e-3,
              .weight_decay = 1e-4,
              .schedule = ScheduleKind::cosine,
              .warmup_epochs = 10,
              .epochs = 100,
              .batch_size = 64,
              .augmentation = Augmentation::crop_flip};
    }
    const bool compacter = options_.variant == Variant::compacter;
    return {.lr = compacter                        ? 3e-3
                  : design_.form == Form::parallel ? 1e-4
                                                   : 3e-4,
            .weight_decay = 0.01,
            .schedule = ScheduleKind::linear,
            .warmup_epochs = 0.1 * kEpochs,
            .epochs = kEpochs,
            .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    SharedRule rule;
    if (design_.phm > 0) {
      Random own = random.fork("phm_rule");
      rule = SharedRule(design_.phm, own);
    }
    Adaptation adaptation;
    for (const auto* site : sites_of(entry.name, model, nn::SiteKind::sublayer, options_.tower)) {
      const bool feeds_forward = site->part == "mlp";
      if (design_.place != Where::both && feeds_forward != (design_.place == Where::feed_forward)) continue;
      Random own = random.fork(site->path);
      adaptation.bindings.push_back(
          {std::make_shared<Bottleneck>(shape(site->in), design_.init, design_.init_std, own, rule),
           {site->path},
           entry.name});
    }
    if (design_.trains_norms) adaptation.trained = norm_parameters(model, options_.tower);
    return adaptation;
  }

 private:
  // A share of the width; of maps as of PHM the next that their products divide.
  int64_t inner(int64_t width) const {
    if (design_.bottleneck > 0) return design_.bottleneck;
    const int64_t share = std::max<int64_t>(1, width / design_.share), of = std::max<int64_t>(1, design_.phm);
    return (share + of - 1) / of * of;
  }

  Bottleneck::Shape shape(int64_t width) const {
    return {.width = width,
            .inner = inner(width),
            .parallel = design_.form == Form::parallel,
            .reads_norm = design_.input == Input::norm,
            .reads_sum = options_.variant == Variant::pfeiffer && design_.form == Form::sequential,
            .reads_plain_sum = design_.input == Input::sum,
            .gelu = design_.activation == Activation::gelu,
            .composition = design_.composition,
            .scale = design_.scale,
            .dropout = design_.dropout,
            .drop_path = design_.drop_path};
  }

  Design design_;
};

}  // namespace

std::vector<std::pair<Variant, std::string>> choices(Variant) {
  return {{Variant::houlsby, "houlsby"},         {Variant::pfeiffer, "pfeiffer"},
          {Variant::parallel, "parallel"},       {Variant::scaled_parallel, "scaled-parallel"},
          {Variant::adaptformer, "adaptformer"}, {Variant::adapter_plus, "adapter-plus"},
          {Variant::compacter, "compacter"}};
}
std::vector<std::pair<Form, std::string>> choices(Form) {
  return {{Form::sequential, "sequential"}, {Form::parallel, "parallel"}};
}
std::vector<std::pair<Where, std::string>> choices(Where) {
  return {{Where::attention, "attention"}, {Where::feed_forward, "feed-forward"}, {Where::both, "both"}};
}
std::vector<std::pair<Composition, std::string>> choices(Composition) {
  return {{Composition::add, "add"},
          {Composition::learned, "learned"},
          {Composition::channel, "channel"},
          {Composition::gated, "gated"}};
}
std::vector<std::pair<Activation, std::string>> choices(Activation) {
  return {{Activation::relu, "relu"}, {Activation::gelu, "gelu"}};
}
std::vector<std::pair<Init, std::string>> choices(Init) {
  return {{Init::houlsby, "houlsby"}, {Init::bert, "bert"}, {Init::lora, "lora"}};
}
std::vector<std::pair<Input, std::string>> choices(Input) {
  return {{Input::norm, "norm"}, {Input::stream, "stream"}, {Input::sum, "sum"}};
}

Bottleneck::Bottleneck(const Shape& shape, Init init, double init_std, Random& random, const SharedRule& rule)
    : shape_(shape) {
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
  if (rule.is_there()) {
    rule.belong_to(*this);
    down_ = register_module("down", std::make_shared<Phm>(width, inner, rule, random));
    up_ = register_module("up", std::make_shared<Phm>(inner, width, rule, random));
  } else {
    down_weight_ = register_parameter("down_weight", map(inner, width, false));
  }
  down_bias_ = register_parameter("down_bias", torch::zeros({inner}, tensor::on_cpu()));
  if (!up_) up_weight_ = register_parameter("up_weight", map(width, inner, true));
  up_bias_ = register_parameter("up_bias", torch::zeros({width}, tensor::on_cpu()));
  if (shape.composition == Composition::learned)
    scale_ = register_parameter("scale", torch::full({1}, shape.scale, tensor::on_cpu()));
  if (shape.composition == Composition::channel)
    scale_ = register_parameter("scale", torch::full({width}, shape.scale, tensor::on_cpu()));
  if (shape.composition == Composition::gated) {
    gate_weight_ = register_parameter("gate_weight", torch::zeros({1, width}, tensor::on_cpu()));
    gate_bias_ = register_parameter("gate_bias", torch::full({1}, kGateBias, tensor::on_cpu()));
  }
}

at::Tensor Bottleneck::down_weight() const {
  return down_ ? down_->weight() : down_weight_;
}

at::Tensor Bottleneck::up_weight() const {
  return up_ ? up_->weight() : up_weight_;
}

at::Tensor Bottleneck::scaled(const at::Tensor& branch) const {
  return scale_.defined() ? scale_ * branch : shape_.scale * branch;
}

at::Tensor Bottleneck::branch(const at::Tensor& read, const nn::Context& context) const {
  const auto inner = torch::linear(read, down_weight(), down_bias_);
  const auto active = dropout(shape_.gelu ? torch::gelu(inner) : torch::relu(inner), shape_.dropout, context);
  const auto outer = torch::linear(active, up_weight(), up_bias_);
  return scaled(shape_.drop_path > 0 ? drop_path(outer, shape_.drop_path, /*of_places=*/false, context) : outer);
}

at::Tensor Bottleneck::composed(const at::Tensor& h, const at::Tensor& read, const nn::Context& context) const {
  const auto x = read.to(down_bias_.scalar_type());
  const auto d = branch(x, context);
  if (!gate_weight_.defined()) return h + d;
  return h + torch::sigmoid(torch::linear(x, gate_weight_, gate_bias_)) * (d - h);
}

// A learned scale is part of the upper map.
nn::Form Bottleneck::form() const {
  if (shape_.reads_plain_sum || gate_weight_.defined()) return nn::Opaque{};
  const auto scale = [&](const at::Tensor& t) {
    return !scale_.defined() ? t : t.dim() == 1 ? t * scale_ : t * scale_.unsqueeze(1);
  };
  return nn::Bottleneck{.parts = {.down_weight = down_weight(),
                                  .down_bias = down_bias_,
                                  .up_weight = scale(up_weight()),
                                  .up_bias = scale(up_bias_),
                                  .activation = shape_.gelu ? tensor::Activation::gelu : tensor::Activation::relu,
                                  .gain = scale_.defined() ? 1 : shape_.scale},
                        .parallel = shape_.parallel,
                        .reads_norm = shape_.reads_norm,
                        .reads_sum = shape_.reads_sum,
                        .dropout = std::max(shape_.dropout, shape_.drop_path)};  // either is no part of the kernel
}

at::Tensor Bottleneck::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  if (shape_.parallel && shape_.reads_norm) {
    const auto normed = frozen.norm(x);
    return composed(frozen.body(normed), normed, context);
  }
  const auto h = frozen(x);
  if (shape_.reads_plain_sum) return composed(h, x + h, context);
  if (shape_.reads_sum && frozen.has_norm_behind()) return composed(h, frozen.norm_behind(x + h), context);
  return composed(h, shape_.parallel ? x : h, context);
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
