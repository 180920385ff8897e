#include "graft/methods/full/full.h"

namespace graft::methods::full {
namespace {

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
    check_towers(entry.name, options_.tower, model, head);
    return {.bindings = {},
            .trained = parameters_where(model, options_.tower, [](const std::string&) { return true; })};
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
