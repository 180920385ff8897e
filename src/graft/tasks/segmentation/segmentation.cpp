// A class for each pixel of a photo: cross-entropy over the pixels whose class is known, of logits that are stretched
// from the head's grid to the mask's (Long et al. 2015, arXiv:1411.4038); scored by the mean intersection over union
// (Everingham et al. 2010) at the photos' own sizes. A batch weighs as many as its pixels that are asked.
#include <torch/types.h>

#include <algorithm>
#include <limits>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/models/clip/pixel_prompts.h"
#include "graft/models/pixel_head.h"
#include "graft/plugins/losses/loss.h"
#include "graft/statistics/bootstrap.h"
#include "graft/tasks/pixel_counts.h"
#include "graft/tasks/task.h"
#include "graft/tensor/on_cpu.h"

namespace graft::tasks {

extern const TaskEntry segmentation_task;

namespace {

constexpr int64_t kResamples = 1000;  // of photos, for the intervals

// Rows of logits and their labels, of the pixels that are asked.
struct Asked {
  at::Tensor logits;  // [P, K]
  at::Tensor labels;  // [P] int64
};

at::Tensor asked_labels(const at::Tensor& target, at::Tensor& places) {
  const auto labels = target.reshape({-1}).to(at::kLong);
  places = labels.ne(io::kIgnoredClass).nonzero().squeeze(1);
  return places.numel() == labels.numel() ? labels : labels.index_select(0, places);
}

Asked asked_of(const at::Tensor& outputs, const at::Tensor& target) {
  at::Tensor places;
  const auto labels = asked_labels(target, places);
  const auto stretched = at::upsample_bilinear2d(outputs, {target.size(1), target.size(2)}, /*align_corners=*/false);
  const auto rows = stretched.permute({0, 2, 3, 1}).reshape({-1, outputs.size(1)});
  return {places.numel() == rows.size(0) ? rows : rows.index_select(0, places), labels};
}

// sides [R, 3, K] -> [R, scores]
at::Tensor measures_of(const at::Tensor& sides) {
  const auto s = sides.to(at::kDouble);
  const auto truth = s.select(1, 0), both = s.select(1, 2);
  const auto recall = both / truth;
  const auto there = truth.gt(0);
  const auto share = truth / truth.sum(1, true);
  return at::stack({mean_iou(s), both.sum(1) / truth.sum(1), recall.nan_to_num(0).sum(1) / there.sum(1).to(at::kDouble),
                    (share * iou_of(s).nan_to_num(0)).sum(1)},
                   1);
}

// Each resample takes as many photos as there are, with replacement: [R, N], how often each.
at::Tensor resamples(int64_t photos) {
  auto counts = at::zeros({kResamples, photos}, tensor::on_cpu(at::kDouble));
  auto c = counts.accessor<double, 2>();
  const Random random = Random(0).fork("photos");
  for (int64_t r = 0; r < kResamples; ++r) {
    Random draws = random.fork(static_cast<uint64_t>(r));
    for (int64_t i = 0; i < photos; ++i)
      ++c[r][static_cast<int64_t>(draws.below(static_cast<uint64_t>(photos)))];
  }
  return counts;
}

class Segmentation final : public Task {
 public:
  explicit Segmentation(const TaskOptions& options)
      : loss_(plugins::make_loss(segmentation_task.loss_or_own(options.loss), {data::Target::label, options.classes})),
        label_smoothing_(options.label_smoothing) {
    plugins::check_serves(*loss_, options.loss, data::Target::label);
  }

  // outputs [B, K, h, w], target [B, H, W] uint8
  at::Tensor loss(const at::Tensor& outputs, const at::Tensor& target, int64_t epoch) const override {
    const auto asked = asked_of(outputs, target);
    return loss_->in_epoch(epoch).sum(asked.logits, asked.labels, label_smoothing_);
  }

  double weight(const at::Tensor& target, int64_t epoch) const override {
    at::Tensor places;
    const auto labels = asked_labels(target, places);
    return labels.numel() == 0 ? 1 : loss_->in_epoch(epoch).weight(labels);
  }

  Scores score(const Predictions& predictions, bool intervals) const override {
    const auto known = predictions.pixels.select(1, 0).sum(1).gt(0).nonzero().squeeze(1);
    const auto photos = predictions.pixels.index_select(0, known).narrow(1, 0, 3).to(at::kDouble);  // [N, 3, K]
    const auto count = photos.size(0), classes = photos.size(2);
    const auto total = photos.sum(0, true);
    const auto values = measures_of(total).squeeze(0);
    Scores scores{.count = count};
    const double pixels = total.select(1, 0).sum().item<double>();
    scores.loss = pixels > 0 ? predictions.pixel_loss / pixels : std::numeric_limits<double>::quiet_NaN();
    const auto names = score_names();
    for (size_t i = 0; i < names.size(); ++i)
      scores.all.push_back({.name = names[i], .value = values[static_cast<int64_t>(i)].item<double>()});
    if (!intervals || count < 2) return scores;
    const auto drawn =
        measures_of(at::matmul(resamples(count), photos.flatten(1)).view({-1, 3, classes})).t().contiguous();
    for (size_t i = 0; i < names.size(); ++i) {
      const auto* values_of = drawn.const_data_ptr<double>() + static_cast<int64_t>(i) * kResamples;
      scores.all[i].interval = statistics::percentile_interval({values_of, static_cast<size_t>(kResamples)});
    }
    return scores;
  }

  std::vector<std::string> score_names() const override {
    return {"miou", "pixel_accuracy", "mean_class_accuracy", "frequency_weighted_iou"};
  }

 private:
  std::unique_ptr<plugins::Loss> loss_;
  double label_smoothing_;
};

std::shared_ptr<models::Head> pixel_head(const methods::Setting& setting, const methods::HeadWish& wish,
                                         Random& random) {
  const auto& tower = setting.model->reader();
  const auto dense = tower.dense();
  if (!dense) {
    throw ModelError("adapt",
                     "a class for each pixel needs a model of photos whose patches or maps can be read (ViT, CLIP, "
                     "ResNet); {} gives none.",
                     setting.model->info().source);
  }
  const bool inside = wish.at && *wish.at >= 1 && *wish.at <= *dense;
  const auto place = inside ? *wish.at : *dense;
  if (wish.kind == models::HeadKind::prompts) {
    return std::make_shared<models::PixelPrompts>(
        place, tower.width(place), methods::class_prompts(setting, wish, "classes of pixels by their prompts need"),
        tower.width(tower.last()), random);
  }
  auto head = std::make_shared<models::PixelHead>(place, tower.width(place), setting.head_outputs(), wish.init, random);
  // A model that came with as many classes begins with these.
  const auto& own = setting.model->pixel_classes();
  if (own.weight.defined() && place == *dense && own.weight.sizes() == head->weight.sizes()) {
    const torch::NoGradGuard no_grad;
    head->weight.copy_(own.weight);
    head->bias.copy_(own.bias);
  }
  return head;
}

}  // namespace

extern const TaskEntry segmentation_task{
    "segmentation", "a class for each pixel", data::Target::mask,
    [](const TaskOptions& options) -> std::unique_ptr<Task> { return std::make_unique<Segmentation>(options); },
    pixel_head};

}  // namespace graft::tasks
