// A detector's training as the trainer sees it: batches of photos with the box that each place answers for, the loss,
// and average precision on a validation set.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/detection/set.h"
#include "graft/methods/adapted.h"
#include "graft/models/fcos/detector.h"
#include "graft/pipelines/detection/box_photos.h"
#include "graft/train/batches.h"
#include "graft/train/objective.h"

namespace graft::pipelines {

// Photos in an order that the seed and the epoch tell, changed at random by the seed, the epoch and the photo. Targets
// are models::fcos::assigned(); a batch weighs as many as its places that answer for a box.
class DetectorBatches final : public train::Batches {
 public:
  DetectorBatches(const BoxPhotos& photos, int64_t batch_size, PhotoChanges changes, uint64_t seed);
  int64_t examples() const override { return photos_.size(); }
  int64_t batch_size() const override { return batch_size_; }
  void seek(int64_t epoch, int64_t batch) override;
  train::Batch next() override;

 private:
  const BoxPhotos& photos_;
  int64_t batch_size_;
  PhotoChanges changes_;
  Random random_;
  models::fcos::Places places_;
  std::vector<int64_t> order_;
  int64_t epoch_ = 0, batch_ = 0;
};

class DetectorObjective final : public train::Objective {
 public:
  // `validation` null: there is none.
  DetectorObjective(const models::fcos::Detector& detector, const methods::Adapted& adapted, const BoxPhotos& photos,
                    const BoxPhotos* validation, Unlooked unlooked);

  const nn::Parameters& parameters() const override { return adapted_.parameters; }
  const nn::Parameters& statistics() const override { return adapted_.statistics; }
  at::Tensor loss(const train::Batch& batch, nn::Context& context) override;
  std::optional<tasks::Scores> validate() override;
  std::vector<std::string> score_names() const override { return {"ap", "ap50"}; }

 private:
  const models::fcos::Detector& detector_;
  const methods::Adapted& adapted_;
  const BoxPhotos *photos_, *validation_;
  Unlooked unlooked_;
  models::fcos::Places places_;
};

// What a detector tells of all photos of a set, in their own pixels.
detection::Detections tell_all(const models::fcos::Detector& detector, const BoxPhotos& photos);
// COCO's AP and AP50 of the classes that are `told`, by its rules, or where classes are unknown in some photos by those
// of merged sets. NaN where there is nothing to find.
tasks::Scores score_boxes(const detection::Set& set, const detection::Detections& detections,
                          const std::vector<detection::Index>& told);

}  // namespace graft::pipelines
