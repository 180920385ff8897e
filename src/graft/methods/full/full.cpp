#include "graft/methods/full/full.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/methods/initial.h"
#include "graft/nn/batch_norm.h"

namespace graft::methods::full {
namespace {

// A ViT's: Dosovitskiy et al. 2021 (arXiv:2010.11929), as timm draws them; scales of residual branches as in CaiT
// (Touvron et al. 2021, arXiv:2103.17239) for up to 18 blocks.
constexpr double kStd = 0.02;
constexpr double kBranchScale = 0.1;

at::Tensor drawn(const std::string& name, const at::Tensor& was, bool of_norm, Random& random) {
  if (was.dim() == 0) return was.clone();  // the factor of cosines
  if (was.dim() > 1 || !name.ends_with("bias")) {
    if (of_norm) return torch::ones_like(was);
    if (was.dim() == 1 && name.find("scale") != std::string::npos) return torch::full_like(was, kBranchScale);
    return truncated_normal(was.sizes(), kStd, random);
  }
  return torch::zeros_like(was);
}

class Full final : public MethodWith<Options> {
 public:
  using MethodWith::MethodWith;

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting& setting) const override {
    const bool prompts = setting.model->has_prompts() && !setting.classes.empty();
    return {.init = prompts ? models::HeadInit::class_text : models::HeadInit::zero};
  }

  // WiSE-FT's (Wortsman et al. 2022, arXiv:2109.01903): a CLIP is destroyed by more than a few 1e-5. Their batch is
  // 512, their head starts from the class prompts.
  Recipe recipe(const Setting&) const override {
    return {.lr = 3e-5,
            .weight_decay = 0.1,
            .warmup_epochs = 1,
            .epochs = 10,
            .batch_size = 32,
            .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random&) const override {
    auto& model = *setting.model;
    if (options_.from_scratch) {
      for (const auto& module : model.modules()) {
        if (!dynamic_cast<const nn::BatchNorm*>(module.get())) continue;
        throw ConfigError(
            "full",
            "--from-scratch: {} normalises by statistics of its pre-training, which stay frozen here. Take "
            "a model with layer norms.",
            model.info().source);
      }
    }
    check_towers(entry.name, options_.tower, model, head);
    return {.bindings = {},
            .trained = parameters_where(model, options_.tower, [](const std::string&) { return true; })};
  }

  // Not in attach(): a session's model is put back to what it was then.
  void before_training(Stage& stage) const override {
    if (!options_.from_scratch) return;
    torch::NoGradGuard no_grad;
    const auto norms = norm_parameters(*stage.model, options_.tower);
    const auto parameters = stage.model->named_parameters();
    for (const auto& name : stage.adaptation.trained) {
      Random random = stage.random.fork(name);
      const bool of_norm = std::find(norms.begin(), norms.end(), name) != norms.end();
      const at::Tensor& own = parameters[name];
      own.copy_(drawn(name, own, of_norm, random));
    }
  }
};

}  // namespace

const Entry entry{
    .name = "full",
    .summary = "every parameter of a tower",
    .paper = "Wortsman et al. 2022, arXiv:2109.01903",
    .promises = {.identity_at_start = true, .folds = true},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Full>(read_options<Options>("full", values));
    },
};

}  // namespace graft::methods::full
