#include "graft/plugins/distillation/relational/relational.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"

namespace graft::plugins::relational {
namespace {

constexpr double kLeastMean = 1e-12;  // of what is divided by
// Two examples that are nearer than this share of the mean distance are one, as of a photo that stands there twice:
// nothing says which way from the one to the other, and a gradient would ask for any.
constexpr double kOne = 1e-5;

// rows [B, E] -> [B, B, E]: from each row to each.
at::Tensor differences(const at::Tensor& rows) {
  return rows.unsqueeze(0) - rows.unsqueeze(1);
}

// lengths [B, B] -> the mean of two different examples'.
at::Tensor mean_of(const at::Tensor& lengths) {
  const auto count = static_cast<double>(lengths.size(0));
  return lengths.sum() / std::max(1.0, count * (count - 1));
}

// ways [B, B, E] -> [B, B], over their mean.
at::Tensor distances(const at::Tensor& ways) {
  const auto lengths = ways.norm(2, 2);
  return lengths / mean_of(lengths).clamp_min(kLeastMean);
}

// ways [B, B, E] -> [B, B, B]: by the corner, the cosine of the angle between two ways from it; 0 of what is no way.
at::Tensor angles(const at::Tensor& ways) {
  const auto lengths = ways.norm(2, 2);
  const auto none = (lengths <= kOne * mean_of(lengths)).unsqueeze(2);
  const auto unit = (ways / lengths.unsqueeze(2).masked_fill(none, 1)).masked_fill(none, 0);
  return unit.bmm(unit.transpose(1, 2));
}

class Relational final : public Distillation {
 public:
  explicit Relational(Options options) : options_(options) {
    check_weight("relational", "distance", options_.distance);
    check_weight("relational", "angle", options_.angle);
    if (options_.distance == 0 && options_.angle == 0)
      throw ConfigError("relational", "--distance and --angle: both are 0, so that the teacher says nothing.");
  }

  Compared compares() const override { return Compared::features; }
  int64_t least_batch() const override { return options_.angle > 0 ? 3 : 2; }

  at::Tensor sum(const at::Tensor& student, const at::Tensor& teacher) const override {
    const auto rows = in_float(student);
    const auto ours = differences(rows), theirs = differences(teacher.to(rows.options()));
    const auto examples = static_cast<double>(rows.size(0));
    auto total = torch::zeros({}, rows.options());
    if (options_.distance > 0)
      total = total + options_.distance * at::smooth_l1_loss(distances(ours), distances(theirs));
    if (options_.angle > 0) total = total + options_.angle * at::smooth_l1_loss(angles(ours), angles(theirs));
    return examples * total;
  }

 private:
  Options options_;
};

}  // namespace

extern const DistillationEntry entry = {
    .name = "relational",
    .summary = "how the teacher's features of a batch lie to each other: distances and angles",
    .paper = "Park et al. 2019, arXiv:1904.05068",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Distillation> {
      return std::make_unique<Relational>(read_options<Options>("relational", values));
    },
};

}  // namespace graft::plugins::relational
