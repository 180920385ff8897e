#include "graft/methods/aim/aim.h"

#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/methods/drop_path.h"
#include "graft/methods/head_dropout.h"
#include "graft/methods/initial.h"
#include "graft/methods/places.h"
#include "graft/nn/linear.h"
#include "graft/nn/norm.h"
#include "graft/tensor/bottleneck.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::aim {
namespace {

Bottleneck bottleneck(nn::Insert& owner, const std::string& name, int64_t width, int64_t inner, Random& random) {
  Bottleneck made;
  made.down_weight = owner.register_parameter(name + "_down_weight", truncated_normal({inner, width}, 0.02, random));
  made.down_bias = owner.register_parameter(name + "_down_bias", torch::zeros({inner}, tensor::on_cpu()));
  made.up_weight = owner.register_parameter(name + "_up_weight", torch::zeros({width, inner}, tensor::on_cpu()));
  made.up_bias = owner.register_parameter(name + "_up_bias", torch::zeros({width}, tensor::on_cpu()));
  return made;
}

tensor::Bottleneck parts(const Bottleneck& of, double gain = 1) {
  return {of.down_weight, of.down_bias, of.up_weight, of.up_bias, tensor::Activation::gelu, gain};
}

at::Tensor with_skip(const Bottleneck& of, const at::Tensor& x, tensor::Precision precision) {
  return tensor::bottleneck(nn::to_carrier(x, precision), x, parts(of));
}

at::Tensor without_skip(const Bottleneck& of, const at::Tensor& x, tensor::Precision precision, double gain = 1) {
  return nn::to_stream(tensor::bottleneck(nn::to_carrier(x, precision), {}, parts(of, gain)));
}

// Whether no block's norm was ever moved: scales of 1 and shifts of 0, as a network starts.
bool is_untrained(const models::Model& model) {
  bool any = false;
  for (const auto& module : model.modules()) {
    const auto* norm = dynamic_cast<const nn::LayerNorm*>(module.get());
    if (!norm) continue;
    any = true;
    for (const auto& parameter : norm->named_parameters()) {
      const double start = parameter.key() == "weight" ? 1 : 0;
      if (!(parameter.value() == start).all().item<bool>()) return false;
    }
  }
  return any;
}

class Aim final : public MethodWith<Options> {
 public:
  explicit Aim(Options options) : MethodWith(options) {
    const auto& o = options_;
    if (!o.spatial && !o.temporal && !o.joint)
      throw ConfigError("aim", "--spatial, --temporal and --joint are all off: expected one at least.");
    if (o.temporal_adapters != 1 && o.temporal_adapters != 2)
      throw ConfigError("aim", "--temporal-adapters {}: expected 1 or 2.", o.temporal_adapters);
    if (!(o.positions_std >= 0)) throw ConfigError("aim", "--positions-std {}: expected 0 or more.", o.positions_std);
    if (!(o.ratio > 0)) throw ConfigError("aim", "--ratio {}: expected more than 0.", o.ratio);
    for (const auto& [name, share] : {std::pair{"drop-path", o.drop_path}, std::pair{"head-dropout", o.head_dropout}}) {
      if (!(share >= 0 && share < 1)) throw ConfigError("aim", "--{} {}: expected 0 or more, below 1.", name, share);
    }
  }

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting& setting) const override {
    return {.kind = models::HeadKind::linear, .init = models::HeadInit::tsn, .at = setting.model->reader().pooled()};
  }

  // The paper's for Kinetics-400 with a ViT-B, less the mirror.
  Recipe recipe(const Setting&) const override {
    return {.lr = 3e-4,
            .weight_decay = 0.05,
            .schedule = ScheduleKind::cosine,
            .warmup_epochs = 2.5,
            .epochs = 30,
            .batch_size = 64,
            .augmentation = Augmentation::crop};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    auto& model = *setting.model;
    check_needs(entry, setting);
    if (!options_.random_base && is_untrained(model)) {
      throw ModelError("aim",
                       "{}: every norm has scale 1 and shift 0, as before any training, and what stays frozen would "
                       "stay random. Expected trained weights. --random-base takes them all the same.",
                       model.info().source);
    }
    Adaptation adaptation;
    if (options_.temporal) add_positions(setting, random, adaptation);
    const auto blocks = model.reader().blocks();
    for (const auto* site : sites_of(entry.name, model, nn::SiteKind::sublayer, Towers::reader)) {
      Random own = random.fork(site->path);
      const double drop =
          blocks > 1 ? options_.drop_path * static_cast<double>(site->block) / static_cast<double>(blocks - 1) : 0;
      if (const auto insert = insert_at(*site, model.precision(), drop, own))
        adaptation.bindings.push_back({insert, {site->path}, entry.name});
    }
    add_head_dropout(adaptation, head, options_.head_dropout, entry.name);
    const auto behind_blocks = model.reader().pooled() - 1;
    for (const auto& parameter : norm_parameters(model, Towers::reader)) {
      if (model.place_of(parameter) == behind_blocks) adaptation.trained.push_back(parameter);
    }
    return adaptation;
  }

 private:
  // Before the norm before the blocks where there is one, else before the first block.
  void add_positions(const Setting& setting, Random& random, Adaptation& adaptation) const {
    const auto* site = sites_of(entry.name, *setting.model, nn::SiteKind::tokens, Towers::reader).front();
    Random own = random.fork(site->path);
    adaptation.bindings.push_back(
        {std::make_shared<FramePositions>(setting.frames, site->in, options_.positions_std, own),
         {site->path},
         entry.name});
  }

  // Null where nothing stands.
  std::shared_ptr<nn::Insert> insert_at(const nn::Site& site, tensor::Precision precision, double drop,
                                        Random& random) const {
    const auto inner = std::max<int64_t>(1, static_cast<int64_t>(options_.ratio * static_cast<double>(site.in)));
    if (site.part == "attn" && (options_.spatial || options_.temporal)) {
      return std::make_shared<Attention>(Attention::Shape{.width = site.in,
                                                          .inner = inner,
                                                          .spatial = options_.spatial,
                                                          .temporal = options_.temporal,
                                                          .temporal_in = options_.temporal_adapters == 2,
                                                          .precision = precision,
                                                          .drop_path = drop,
                                                          .drop_path_of = options_.drop_path_of},
                                         random);
    }
    if (site.part != "mlp" || !options_.joint) return nullptr;
    return std::make_shared<Joint>(Joint::Shape{.width = site.in,
                                                .inner = inner,
                                                .scale = options_.scale,
                                                .precision = precision,
                                                .drop_path = drop,
                                                .drop_path_of = options_.drop_path_of},
                                   random);
  }
};

}  // namespace

std::vector<std::pair<DropPathOf, std::string>> choices(DropPathOf) {
  return {{DropPathOf::clip, "clip"}, {DropPathOf::place, "place"}};
}

Attention::Attention(const Shape& shape, Random& random) : shape_(shape) {
  if (shape.temporal) temporal_ = bottleneck(*this, "temporal", shape.width, shape.inner, random);
  if (shape.temporal && shape.temporal_in)
    temporal_in_ = bottleneck(*this, "temporal_in", shape.width, shape.inner, random);
  if (shape.spatial) spatial_ = bottleneck(*this, "spatial", shape.width, shape.inner, random);
}

// Each of a frame's T places is a sequence over the frames: [B * frames, T, D] as [B * T, frames, D], and back.
at::Tensor Attention::over_frames(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  const auto frames = context.layout.frames, places = x.size(1);
  auto sequences = x.unflatten(0, {-1, frames}).transpose(1, 2).flatten(0, 1);
  if (shape_.temporal_in) {
    sequences = frozen.body(with_skip(temporal_in_, frozen.norm(sequences), shape_.precision));
  } else {
    sequences = frozen(sequences);
  }
  const auto change = without_skip(temporal_, sequences, shape_.precision);
  return change.unflatten(0, {-1, places}).transpose(1, 2).flatten(0, 1);
}

at::Tensor Attention::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  at::Tensor over_time, stream = x;
  if (shape_.temporal) {
    over_time =
        drop_path(over_frames(x, frozen, context), shape_.drop_path, shape_.drop_path_of == DropPathOf::place, context);
    stream = x + over_time;
  }
  auto within = frozen(stream);
  if (shape_.spatial) within = with_skip(spatial_, within, shape_.precision);
  return over_time.defined() ? over_time + within : within;
}

nn::Form Attention::form() const {
  if (shape_.temporal) return nn::Opaque{};
  return nn::Bottleneck{.parts = parts(spatial_)};
}

Joint::Joint(const Shape& shape, Random& random)
    : shape_(shape), adapter_(bottleneck(*this, "joint", shape.width, shape.inner, random)) {}

at::Tensor Joint::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  const auto normed = frozen.norm(x);
  const auto beside = without_skip(adapter_, normed, shape_.precision, shape_.scale);
  return frozen.body(normed) + drop_path(beside, shape_.drop_path, shape_.drop_path_of == DropPathOf::place, context);
}

nn::Form Joint::form() const {
  if (shape_.drop_path > 0) return nn::Opaque{};
  return nn::Bottleneck{.parts = parts(adapter_, shape_.scale), .parallel = true, .reads_norm = true};
}

FramePositions::FramePositions(int64_t frames, int64_t width, double std, Random& random)
    : positions_(register_parameter("positions", std > 0 ? normal({frames, width}, std, random)
                                                         : torch::zeros({frames, width}, tensor::on_cpu()))) {}

at::Tensor FramePositions::forward(const at::Tensor& x, const nn::Frozen&, const nn::Context& context) const {
  const auto frames = context.layout.frames;
  if (frames != positions_.size(0)) {
    throw ShapeError("aim",
                     "clips of {} frames were given: expected {}, for which it was trained. --frames {} reads so many.",
                     frames, positions_.size(0), positions_.size(0));
  }
  return (x.unflatten(0, {-1, frames}) + positions_.unsqueeze(1)).flatten(0, 1);
}

const Entry entry{
    .name = "aim",
    .summary = "a frozen image model reads video: its attention over frames too, and three adapters",
    .paper = "Yang et al. 2023, arXiv:2302.03024",
    .promises = {.identity_at_start = true},
    .needs = {.sites = {nn::SiteKind::sublayer, nn::SiteKind::tokens}, .clips = true},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Aim>(read_options<Options>("aim", values));
    },
    .size_option = "ratio",
};

}  // namespace graft::methods::aim
