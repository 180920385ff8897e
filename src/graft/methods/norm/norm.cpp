#include "graft/methods/norm/norm.h"

namespace graft::methods::norm {
namespace {

class Norm final : public MethodWith<Options> {
 public:
  using MethodWith::MethodWith;

  std::string name() const override { return entry.name; }

  // The rate that BitFit takes for as few parameters; no paper trains layer norms alone on photos.
  Recipe recipe(const Setting&) const override {
    return {.lr = 1e-3, .epochs = 50, .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random&) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    return {.bindings = {}, .trained = norm_parameters(model, options_.tower)};
  }
};

}  // namespace

const Entry entry{
    .name = "norm",
    .summary = "the scales and shifts of the layer norms",
    .paper = "Frankle et al. 2021, arXiv:2003.00152",
    .promises = {.identity_at_start = true, .folds = true},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Norm>(read_options<Options>("norm", values));
    },
};

}  // namespace graft::methods::norm
