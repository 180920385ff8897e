#include "graft/methods/clip_adapter/clip_adapter.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/methods/initial.h"
#include "graft/methods/places.h"

namespace graft::methods::clip_adapter {
namespace {

class ClipAdapter final : public MethodWith<Options> {
 public:
  explicit ClipAdapter(Options options) : MethodWith(options) {
    if (options_.ratio < 0 || options_.ratio > 1) {
      throw ConfigError("clip-adapter", "--ratio {}: expected 0 to 1.", options_.ratio);
    }
    if (options_.reduction < 1) {
      throw ConfigError("clip-adapter", "--reduction {}: expected 1 or more.", options_.reduction);
    }
  }

  std::string name() const override { return entry.name; }

  // The authors' code is a trainer for CoOp's and ships no settings of its own: CoOp's optimiser and schedule, at the
  // epochs that CoOp gives 16 shots.
  Recipe recipe(const Setting&) const override {
    return {.optimizer = OptimizerKind::sgd,
            .lr = 2e-3,
            .weight_decay = 5e-4,
            .schedule = ScheduleKind::coop,
            .epochs = 200,
            .batch_size = 32,
            .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    check_needs(entry, setting);
    const int64_t features = setting.model->reader().width(setting.model->reader().last());
    return {.bindings = {{std::make_shared<Mix>(features, options_, random), {head.joint().site().path}, entry.name}}};
  }
};

}  // namespace

Mix::Mix(int64_t features, const Options& options, Random& random) : ratio_(options.ratio) {
  const int64_t inner = std::max<int64_t>(1, features / options.reduction);
  down_ = register_parameter("down", kaiming_uniform(inner, features, random));
  up_ = register_parameter("up", kaiming_uniform(features, inner, random));
}

at::Tensor Mix::forward(const at::Tensor& features, const nn::Frozen& frozen, const nn::Context&) const {
  const auto adapted = torch::relu(torch::linear(torch::relu(torch::linear(features, down_)), up_));
  return frozen(ratio_ * adapted + (1 - ratio_) * features);
}

const Entry entry{
    .name = "clip-adapter",
    .summary = "a small network on the image feature, mixed with the feature",
    .paper = "Gao et al. 2021, arXiv:2110.04544",
    .needs = {.sites = {nn::SiteKind::head},
              .targets = {data::Target::label, data::Target::labels, data::Target::value, data::Target::caption}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<ClipAdapter>(read_options<Options>("clip-adapter", values));
    },
    .size_option = "reduction",
};

}  // namespace graft::methods::clip_adapter
