#include "graft/methods/bias/bias.h"

namespace graft::methods::bias {
namespace {

class Bias final : public MethodWith<Options> {
 public:
  using MethodWith::MethodWith;

  std::string name() const override { return entry.name; }

  // BitFit learns at 1e-4 to 1e-3, a hundred times what full fine-tuning bears.
  Recipe recipe(const Setting&) const override {
    return {.lr = 1e-3, .epochs = 50, .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random&) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    return {.bindings = {}, .trained = parameters_where(model, options_.tower, [](const std::string& name) {
                              return name.ends_with(".bias");
                            })};
  }
};

}  // namespace

const Entry entry{
    .name = "bias",
    .summary = "the bias vectors",
    .paper = "Ben Zaken et al. 2022, arXiv:2106.10199",
    .promises = {.identity_at_start = true, .folds = true},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Bias>(read_options<Options>("bias", values));
    },
};

}  // namespace graft::methods::bias
