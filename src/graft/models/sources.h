// A data set's samples as a model reads them, and batches of them as values and targets.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/clip_reading.h"
#include "graft/data/dataset.h"
#include "graft/data/frame_cache.h"
#include "graft/data/image_cache.h"
#include "graft/data/loader.h"
#include "graft/data/source.h"
#include "graft/data/transforms.h"
#include "graft/models/model.h"
#include "graft/nn/value.h"

namespace graft::models {

struct ReadingOptions {
  std::shared_ptr<data::ImageCache> images = nullptr;
  data::ClipReading clips = {};                        // of clips
  std::shared_ptr<data::FrameCache> frames = nullptr;  // likewise; null: one of its own
  data::Augmentation augmentation = {};                // of photos
  std::optional<int64_t> max_length = {};              // of texts, in tokens; absent: as many as the model reads
  int64_t workers = 1;                                 // threads that make ids
};

// ModelError where the model reads something else than the data set holds. Texts longer than the model reads are cut,
// and `report`, where there is one, is told how many were.
std::shared_ptr<const data::Source> source_of(const Model& model, const data::Dataset& dataset,
                                              std::vector<data::Sample> samples, const ReadingOptions& options,
                                              Reporter* report = nullptr);

// Texts as captions' ids for the model's text tower, [N, C] with data::kNoToken behind shorter ones. ModelError where
// it has none.
at::Tensor caption_ids(const Model& model, const std::vector<std::string>& texts, const ReadingOptions& options,
                       Reporter* report = nullptr);

// A loader's batch as a tower's first value, in memory of its own: pixels [B, 3, H, W], of clips [B * frames, 3, H, W];
// features [B, D]; or ids [B, T] with their types and what of them is no padding.
nn::Value value_of(const data::Batch& batch, const data::Preprocessing& preprocessing);
// A batch of zeros that is as large as one of `of`'s may be, with targets of zeros.
nn::Value blank_value(const Model& model, const data::Source& of, int64_t batch);
// Of captions ids as long as the longest of `of`'s, no two alike.
at::Tensor blank_targets(const data::Dataset& dataset, const data::Source& of, int64_t batch);

// [B] int64 of classes; [B, K] float32 of several classes or numbers; of captions their ids [B, C] int64, behind
// shorter ones data::kNoToken; of masks [B, H, W] uint8, as large as what is read.
at::Tensor targets_of(const data::Batch& batch, data::Target target);
at::Tensor targets_of(const data::Source& source, data::Target target);  // of all examples

}  // namespace graft::models
