#include "graft/methods/st_adapter/st_adapter.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/methods/head_dropout.h"
#include "graft/methods/initial.h"
#include "graft/methods/places.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::st_adapter {
namespace {

class StAdapter final : public MethodWith<Options> {
 public:
  explicit StAdapter(Options options) : MethodWith(options) {
    const auto& o = options_;
    if (o.bottleneck && *o.bottleneck < 1)
      throw ConfigError("st-adapter", "--bottleneck {}: expected 1 or more.", *o.bottleneck);
    for (const auto& [name, size] :
         {std::pair{"kernel-time", o.kernel_time}, std::pair{"kernel-space", o.kernel_space}}) {
      if (size < 1 || size % 2 == 0)
        throw ConfigError("st-adapter", "--{} {}: expected an odd number, 1 or more.", name, size);
    }
    if (!(o.head_dropout >= 0 && o.head_dropout < 1))
      throw ConfigError("st-adapter", "--head-dropout {}: expected 0 or more, below 1.", o.head_dropout);
  }

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting& setting) const override {
    return {.kind = models::HeadKind::linear, .init = models::HeadInit::normal, .at = setting.model->reader().pooled()};
  }

  // The authors' for Kinetics-400, 1e-3 for a batch of 256; clips are not mirrored unless that is asked for.
  Recipe recipe(const Setting&) const override {
    constexpr int64_t kBatch = 64;
    return {.lr = 1e-3 * static_cast<double>(kBatch) / 256,
            .weight_decay = 0.01,
            .schedule = ScheduleKind::cosine,
            .warmup_epochs = 2,
            .epochs = 12,
            .batch_size = kBatch,
            .augmentation = Augmentation::crop};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    auto& model = *setting.model;
    check_needs(entry, setting);
    Adaptation adaptation;
    const bool patches_end = model.info().pooling == "token";  // with the last block's attention
    for (const auto* site : sites_of(entry.name, model, nn::SiteKind::sublayer, Towers::reader)) {
      const bool stands = site->part == "attn" ? options_.where != Where::mlp : options_.where != Where::attention;
      if (!stands || (patches_end && site->part == "mlp" && site->block + 1 == model.reader().blocks())) continue;
      Random own = random.fork(site->path);
      const Adapter::Shape shape{.width = site->in,
                                 .inner = options_.bottleneck.value_or(std::max<int64_t>(1, site->in / 2)),
                                 .kernel_time = options_.kernel_time,
                                 .kernel_space = options_.kernel_space};
      adaptation.bindings.push_back({std::make_shared<Adapter>(shape, own), {site->path}, entry.name});
    }
    add_head_dropout(adaptation, head, options_.head_dropout, entry.name);
    return adaptation;
  }
};

}  // namespace

std::vector<std::pair<Where, std::string>> choices(Where) {
  return {{Where::attention, "attention"}, {Where::mlp, "mlp"}, {Where::both, "both"}};
}

Adapter::Adapter(const Shape& shape, Random& random) : shape_(shape) {
  const auto width = shape.width, inner = shape.inner, space = shape.kernel_space;
  const auto zeros = [](at::IntArrayRef sizes) { return torch::zeros(sizes, tensor::on_cpu()); };
  down_weight_ = register_parameter("down_weight", kaiming_uniform(inner, width, random));
  down_bias_ = register_parameter("down_bias", zeros({inner}));
  conv_weight_ = register_parameter("conv_weight", zeros({inner, 1, shape.kernel_time, space, space}));
  conv_bias_ = register_parameter("conv_bias", zeros({inner}));
  up_weight_ = register_parameter("up_weight", kaiming_uniform(width, inner, random));
  up_bias_ = register_parameter("up_bias", zeros({width}));
}

at::Tensor Adapter::branch(const at::Tensor& patches, int64_t frames) const {
  const auto count = patches.size(1), inner = shape_.inner;
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(count))));
  if (shape_.kernel_space > 1 && side * side != count) {
    throw ShapeError("st-adapter",
                     "{} patches are no square grid, over which --kernel-space {} could reach. Expected 1.", count,
                     shape_.kernel_space);
  }
  const auto low = torch::linear(patches, down_weight_, down_bias_);  // [B * frames, N, r]
  const bool in_space = shape_.kernel_space > 1;
  const auto grid =
      low.view({-1, frames, in_space ? side : count, in_space ? side : 1, inner}).permute({0, 4, 1, 2, 3});
  const auto pad = shape_.kernel_space / 2;
  const auto mixed = at::conv3d(grid, conv_weight_, conv_bias_, at::IntArrayRef{1, 1, 1},
                                at::IntArrayRef{shape_.kernel_time / 2, pad, pad}, at::IntArrayRef{1, 1, 1}, inner);
  return torch::linear(mixed.permute({0, 2, 3, 4, 1}).reshape(low.sizes()), up_weight_, up_bias_);
}

at::Tensor Adapter::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  const auto& layout = context.layout;
  const auto begin = layout.begin(nn::TokenKind::patch), count = layout.count(nn::TokenKind::patch);
  GRAFT_ASSERT(begin >= 0);
  const auto change = branch(x.narrow(1, begin, count), layout.frames);
  // Rows before and behind the patches stay as they are.
  const auto added = at::constant_pad_nd(change, {0, 0, begin, x.size(1) - begin - count});
  return added + frozen(x + added);
}

const Entry entry{
    .name = "st-adapter",
    .summary = "bottlenecks with a convolution over frames in a frozen image model's stream",
    .paper = "Pan et al. 2022, arXiv:2206.13559",
    .promises = {.identity_at_start = true},
    .needs = {.sites = {nn::SiteKind::sublayer}, .clips = true},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<StAdapter>(read_options<Options>("st-adapter", values));
    },
    .size_option = "bottleneck",
};

}  // namespace graft::methods::st_adapter
