#include "graft/plugins/distillation/kl/kl.h"

#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"

namespace graft::plugins::kl {
namespace {

class Kl final : public Distillation {
 public:
  explicit Kl(Options options) : options_(options) {
    if (!(options_.temperature > 0) || !std::isfinite(options_.temperature))
      throw ConfigError("kl", "--temperature: expected above 0, got {}.", options_.temperature);
    if (!(options_.alpha >= 0 && options_.alpha <= 1))
      throw ConfigError("kl", "--alpha: expected 0 to 1, got {}.", options_.alpha);
  }

  Compared compares() const override { return Compared::answers; }
  double share_of_task() const override { return 1 - options_.alpha; }

  at::Tensor sum(const at::Tensor& student, const at::Tensor& teacher) const override {
    const double t = options_.temperature;
    const auto of_student = torch::log_softmax(in_float(student) / t, 1);
    const auto of_teacher = torch::log_softmax(teacher.to(of_student.options()) / t, 1);
    return options_.alpha * t * t * (of_teacher.exp() * (of_teacher - of_student)).sum();
  }

 private:
  Options options_;
};

}  // namespace

extern const DistillationEntry entry = {
    .name = "kl",
    .summary = "the teacher's answers over the classes, softened by a temperature",
    .paper = "Hinton et al. 2015, arXiv:1503.02531",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Distillation> {
      return std::make_unique<Kl>(read_options<Options>("kl", values));
    },
};

}  // namespace graft::plugins::kl
