#include "graft/pipelines/detection/detector_training.h"

#include <torch/types.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "graft/detection/evaluation.h"
#include "graft/tensor/on_cpu.h"

namespace graft::pipelines {
namespace {

constexpr double kLeastScored = 0.05;  // what AP is measured of reaches further down than what is shown

data::Size square(int64_t side) {
  return {static_cast<int>(side), static_cast<int>(side)};
}

}  // namespace

DetectorBatches::DetectorBatches(const BoxPhotos& photos, int64_t batch_size, PhotoChanges changes, uint64_t seed)
    : photos_(photos),
      batch_size_(batch_size),
      changes_(changes),
      random_(seed),
      places_(models::fcos::places_of(square(photos.side()))) {
  seek(0, 0);
}

void DetectorBatches::seek(int64_t epoch, int64_t batch) {
  epoch_ = epoch;
  batch_ = batch;
  order_.resize(static_cast<size_t>(photos_.size()));
  std::iota(order_.begin(), order_.end(), int64_t{0});
  Random order = random_.fork("order").fork(static_cast<uint64_t>(epoch));
  for (size_t left = order_.size(); left > 1; --left)
    std::swap(order_[left - 1], order_[order.below(left)]);
}

train::Batch DetectorBatches::next() {
  if (batch_ == per_epoch()) seek(epoch_ + 1, 0);
  const Random changes = random_.fork("changes").fork(static_cast<uint64_t>(epoch_));
  std::vector<at::Tensor> pixels, targets;
  std::vector<int64_t> which(order_.begin() + batch_ * batch_size_,
                             order_.begin() + batch_ * batch_size_ + size_of(batch_));
  for (const auto i : which) {
    const auto example = photos_.example(i, changes_, changes.fork(static_cast<uint64_t>(i)));
    pixels.push_back(example.pixels);
    targets.push_back(models::fcos::assigned(places_, example.known));
  }
  train::Batch batch{{at::stack(pixels)}, at::stack(targets)};
  batch.weight = std::max(1.0, batch.target.select(2, 0).ge(0).sum().item<double>());
  batch.epoch = epoch_;
  batch.number = batch_++;
  batch.examples = torch::tensor(which, tensor::on_cpu(at::kLong));
  return batch;
}

DetectorObjective::DetectorObjective(const models::fcos::Detector& detector, const methods::Adapted& adapted,
                                     const BoxPhotos& photos, const BoxPhotos* validation, Unlooked unlooked)
    : detector_(detector),
      adapted_(adapted),
      photos_(&photos),
      validation_(validation),
      unlooked_(unlooked),
      places_(models::fcos::places_of(square(photos.side()))) {}

at::Tensor DetectorObjective::loss(const train::Batch& batch, nn::Context& context) {
  std::vector<at::Tensor> looked_for;
  const auto* which = batch.examples.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < batch.examples.numel(); ++i)
    looked_for.push_back(photos_->looked_for(which[i], unlooked_));
  const auto sums =
      models::fcos::loss_sums(detector_.answer(batch.input.x, context), batch.target, at::stack(looked_for), places_);
  return sums.classes + sums.boxes + sums.centres;
}

std::optional<tasks::Scores> DetectorObjective::validate() {
  if (!validation_) return {};
  return score_boxes(validation_->set(), tell_all(detector_, *validation_), validation_->categories());
}

detection::Detections tell_all(const models::fcos::Detector& detector, const BoxPhotos& photos) {
  const torch::NoGradGuard no_grad;
  const auto places = models::fcos::places_of(square(photos.side()));
  detection::Detections all;
  for (int64_t i = 0; i < photos.size(); ++i) {
    nn::Context context;
    const auto answers = detector.answer(photos.example(i).pixels.unsqueeze(0), context);
    const auto& photo = photos.photo(i);
    const auto told = models::fcos::told_of(answers, 0, places, photo.read, {.least_score = kLeastScored});
    const auto boxes = told.boxes.contiguous(), scores = told.scores.contiguous(), labels = told.labels.contiguous();
    const double wider = static_cast<double>(photo.own.width) / photo.read.width;
    const double higher = static_cast<double>(photo.own.height) / photo.read.height;
    for (int64_t d = 0; d < boxes.size(0); ++d) {
      const auto* b = boxes.const_data_ptr<float>() + 4 * d;
      const auto category = photos.categories()[static_cast<size_t>(labels.const_data_ptr<int64_t>()[d])];
      all.detections.push_back({static_cast<detection::Index>(i),
                                category,
                                {b[0] * wider, b[1] * higher, (b[2] - b[0]) * wider, (b[3] - b[1]) * higher},
                                scores.const_data_ptr<float>()[d]});
    }
  }
  return all;
}

tasks::Scores score_boxes(const detection::Set& set, const detection::Detections& detections,
                          const std::vector<detection::Index>& told) {
  const auto rules = set.federated() ? detection::federated_rules() : detection::coco_rules();
  const auto found = detection::evaluate(set, detections, rules);
  std::vector<bool> counts;
  for (const auto category : found.classes)
    counts.push_back(std::ranges::find(told, category) != told.end());
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  tasks::Scores scores{.count = static_cast<int64_t>(set.images.size()), .loss = unknown};
  for (const auto& [name, threshold] : {std::pair("ap", detection::Evaluation::kEvery), std::pair("ap50", size_t{0})}) {
    const double value = found.average_precision(0, threshold, counts);
    scores.all.push_back({.name = name, .value = value < 0 ? unknown : value});
  }
  return scores;
}

}  // namespace graft::pipelines
