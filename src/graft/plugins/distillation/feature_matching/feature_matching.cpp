#include "graft/plugins/distillation/feature_matching/feature_matching.h"

#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/methods/initial.h"
#include "graft/models/head.h"

namespace graft::plugins::feature_matching {
namespace {

class FeatureMatching final : public Distillation {
 public:
  explicit FeatureMatching(Options options) : options_(options) {
    check_weight("feature-matching", "weight", options_.weight);
  }

  Compared compares() const override { return Compared::features; }

  nn::Parameters prepare(int64_t student, int64_t teacher, Random random) override {
    if (!options_.regressor.value_or(student != teacher)) {
      if (student == teacher) return {};
      throw ConfigError("feature-matching",
                        "regressor=false: the student's features are {} wide and the teacher's {}, which nothing "
                        "compares without a map between them. Leave it out.",
                        student, teacher);
    }
    weight_ = methods::kaiming_uniform(teacher, student, random).requires_grad_();
    bias_ = torch::zeros({teacher}, weight_.options().requires_grad(false)).requires_grad_();
    return {{"distillation.regressor.weight", weight_}, {"distillation.regressor.bias", bias_}};
  }

  at::Tensor sum(const at::Tensor& student, const at::Tensor& teacher) const override {
    auto rows = in_float(student);
    if (weight_.defined()) rows = at::linear(rows, weight_.to(rows.options()), bias_.to(rows.options()));
    const auto goal = teacher.to(rows.options());
    if (options_.measure == Measure::squared) return 0.5 * options_.weight * (goal - rows).square().sum();
    return 0.5 * options_.weight * (models::unit(goal) - models::unit(rows)).square().sum();
  }

 private:
  Options options_;
  at::Tensor weight_, bias_;  // [E', E], [E']; undefined: rows are compared as they are
};

}  // namespace

std::vector<std::pair<Measure, std::string>> choices(Measure) {
  return {{Measure::squared, "squared"}, {Measure::cosine, "cosine"}};
}

extern const DistillationEntry entry = {
    .name = "feature-matching",
    .summary = "the teacher's features as hints, through a linear map where widths differ",
    .paper = "Romero et al. 2015, arXiv:1412.6550",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Distillation> {
      return std::make_unique<FeatureMatching>(read_options<Options>("feature-matching", values));
    },
};

}  // namespace graft::plugins::feature_matching
