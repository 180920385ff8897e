#include "graft/models/fcos/training_loss.h"

#include <torch/types.h>

#include <limits>

namespace graft::models::fcos {
namespace {

constexpr double kRadius = 1.5;                // torchvision's center_sampling_radius
constexpr double kNearest = 4, kFurthest = 8;  // of a level, in its sizes
constexpr double kAlpha = 0.25;                // of the focal loss, whose gamma is 2
constexpr double kTinyArea = 1e-7;             // torchvision's, of areas
constexpr double kMostArea = 1e8;              // likewise: what an area is subtracted from

// [N] and [M, 4] -> [N, M, 4]: how far a place is inside each side of each box.
at::Tensor insides(const Places& places, const at::Tensor& boxes) {
  const auto x = places.x.unsqueeze(1), y = places.y.unsqueeze(1);
  return at::stack({x - boxes.select(1, 0), y - boxes.select(1, 1), boxes.select(1, 2) - x, boxes.select(1, 3) - y}, 2);
}

at::Tensor matches(const Places& places, const at::Tensor& boxes) {
  const auto size = places.size.unsqueeze(1);
  const auto off_x = (places.x.unsqueeze(1) - (boxes.select(1, 0) + boxes.select(1, 2)) / 2).abs();
  const auto off_y = (places.y.unsqueeze(1) - (boxes.select(1, 1) + boxes.select(1, 3)) / 2).abs();
  const auto inside = insides(places, boxes);
  auto nearest = kNearest * places.size, furthest = kFurthest * places.size;
  nearest.narrow(0, 0, places.counts.front()).zero_();
  furthest.narrow(0, places.total() - places.counts.back(), places.counts.back())
      .fill_(std::numeric_limits<float>::infinity());
  const auto far = inside.amax(2);
  return at::maximum(off_x, off_y)
      .lt(kRadius * size)
      .logical_and(inside.amin(2).gt(0))
      .logical_and(far.gt(nearest.unsqueeze(1)).logical_and(far.lt(furthest.unsqueeze(1))));
}

// Tian's section 3.2: of boxes that are told, [P, 4], and the places that answer for them.
at::Tensor centre_targets(const at::Tensor& x, const at::Tensor& y, const at::Tensor& size, const at::Tensor& boxes) {
  const auto left = (x - boxes.select(1, 0)) / size, top = (y - boxes.select(1, 1)) / size;
  const auto right = (boxes.select(1, 2) - x) / size, bottom = (boxes.select(1, 3) - y) / size;
  return ((at::minimum(left, right) / at::maximum(left, right)) * (at::minimum(top, bottom) / at::maximum(top, bottom)))
      .sqrt();
}

// Row by row, [P, 4] -> [P].
at::Tensor overlap_costs(const at::Tensor& told, const at::Tensor& truth) {
  const auto corners = [](const at::Tensor& least, const at::Tensor& most) {
    return at::cat({at::maximum(least.slice(1, 0, 2), most.slice(1, 0, 2)),
                    at::minimum(least.slice(1, 2, 4), most.slice(1, 2, 4))},
                   1);
  };
  const auto shared = corners(told, truth);
  const auto sides = (shared.slice(1, 2, 4) - shared.slice(1, 0, 2)).clamp_min(0);
  const auto both = sides.select(1, 0) * sides.select(1, 1);
  const auto either = areas_of(told) + areas_of(truth) - both;
  const auto around = at::cat(
      {at::minimum(told.slice(1, 0, 2), truth.slice(1, 0, 2)), at::maximum(told.slice(1, 2, 4), truth.slice(1, 2, 4))},
      1);
  const auto hull = areas_of(around);
  return 1 - (both / (either + kTinyArea) - (hull - either) / (hull + kTinyArea));
}

}  // namespace

at::Tensor assigned(const Places& places, const KnownBoxes& known) {
  const torch::NoGradGuard no_grad;
  const auto targets = torch::zeros({places.total(), 5}, places.x.options());
  auto of_class = targets.select(1, 0).fill_(kNothing);
  if (known.crowds.defined() && known.crowds.size(0) > 0)
    of_class.masked_fill_(insides(places, known.crowds).amin(2).gt(0).any(1), kNotAsked);
  if (known.boxes.size(0) == 0) return targets;
  const auto small = matches(places, known.boxes).to(at::kFloat) * (kMostArea - areas_of(known.boxes)).unsqueeze(0);
  const auto [value, which] = small.max(1);
  const auto has = value.ge(1e-5);
  of_class.copy_(at::where(has, known.labels.index_select(0, which).to(at::kFloat), of_class));
  targets.slice(1, 1).copy_(known.boxes.index_select(0, which) * has.unsqueeze(1));
  return targets;
}

LossSums loss_sums(const Answers& answers, const at::Tensor& targets, const at::Tensor& looked_for,
                   const Places& places) {
  const auto of_class = targets.select(2, 0).to(at::kLong);  // [B, N]
  const auto classes = answers.logits.size(2);
  const auto has = of_class.ge(0);
  const auto truth = at::one_hot(of_class.clamp_min(0), classes).to(answers.logits.scalar_type()) * has.unsqueeze(2);
  const auto asked = truth.gt(0).logical_or(
      looked_for.unsqueeze(1).logical_and(of_class.ne(static_cast<int64_t>(kNotAsked)).unsqueeze(2)));
  const auto p = at::sigmoid(answers.logits);
  const auto right = p * truth + (1 - p) * (1 - truth);
  const auto costs = at::binary_cross_entropy_with_logits(answers.logits, truth, {}, {}, at::Reduction::None) *
                     (1 - right).square() * (kAlpha * truth + (1 - kAlpha) * (1 - truth));
  const auto rows = has.flatten().nonzero().squeeze(1);
  const auto at = rows.remainder(places.total());
  const auto box = targets.slice(2, 1).flatten(0, 1).index_select(0, rows);
  const Places there{places.x.index_select(0, at), places.y.index_select(0, at), places.size.index_select(0, at), {}};
  const auto told = boxes_at(there, answers.offsets.flatten(0, 1).index_select(0, rows));
  const auto centres = answers.centres.flatten().index_select(0, rows);
  return {(costs * asked).sum(), overlap_costs(told, box).sum(),
          at::binary_cross_entropy_with_logits(centres, centre_targets(there.x, there.y, there.size, box), {}, {},
                                               at::Reduction::Sum)};
}

}  // namespace graft::models::fcos
