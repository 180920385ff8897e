// Frozen features of photos. They are always computed in one padded batch shape, so that a photo's features are the
// same bits in any company, cached or not; and kept, in memory for this process and on disk for the next.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/random.h"
#include "graft/data/image_cache.h"
#include "graft/data/photo_source.h"
#include "graft/data/source.h"
#include "graft/data/transforms.h"
#include "graft/engine/feature_cache.h"
#include "graft/models/model.h"

namespace graft::engine {

// Photos a pass: enough rows for the matrix kernels, few enough that one photo does not wait for many.
inline constexpr int64_t kEncoderBatch = 16;

// Where features are kept for a model that changes above `unchanged`: there, or, where no block lies below, nowhere
// (0). The patches' embedding costs less to compute than its many tokens to keep.
inline nn::Place kept_place(nn::Place unchanged) {
  return unchanged > 1 ? unchanged : 0;
}

struct EncoderOptions {
  int64_t workers = 2;
  std::filesystem::path cache_dir;          // empty: no cache on disk
  int64_t memory_bytes = int64_t{2} << 30;  // of features that one call may hold
};

class Encoder {
 public:
  using Files = std::vector<std::filesystem::path>;
  Encoder(std::shared_ptr<models::Model> model, std::shared_ptr<data::ImageCache> images, EncoderOptions options);

  // Features at `place`, [N, ...] float32; what the cache has is not computed. Only for a place that no insert changes.
  at::Tensor features(const data::Source& source, nn::Place place, Reporter& report);
  at::Tensor features(const Files& files, nn::Place place, Reporter& report) {
    return features(photos(files), place, report);
  }

  // The same values computed now and kept nowhere; inserts on the way run.
  at::Tensor compute(const data::Source& source, nn::Place place, Reporter& report);
  at::Tensor compute(const Files& files, nn::Place place, Reporter& report) {
    return compute(photos(files), place, report);
  }

  // The same, of tokens what a classifier reads of them: [N, E].
  at::Tensor rows(const data::Source& source, nn::Place place, Reporter& report);
  at::Tensor rows(const Files& files, nn::Place place, Reporter& report) { return rows(photos(files), place, report); }

  // Features of a source's random views, [views * N, ...]: all examples once, then all again. A view depends on
  // `random`, its number and the example's index.
  at::Tensor augmented(const data::Source& source, nn::Place place, int64_t views, const Random& random,
                       Reporter& report);
  at::Tensor augmented(const Files& files, nn::Place place, int64_t views, const data::Augmentation& augmentation,
                       const Random& random, Reporter& report) {
    return augmented(photos(files, augmentation), place, views, random, report);
  }

  // Photos as the model reads them.
  data::PhotoSource photos(const Files& files, const data::Augmentation& augmentation = {}) const;

  // Whether so many photos' features at `place` may be held in memory.
  bool fits(int64_t photos, nn::Place place);

  // value [B, ...] at `from` -> at `to`, in padded passes and without gradients; inserts in between run.
  at::Tensor run(const at::Tensor& value, nn::Place from, nn::Place to);
  at::Tensor run_to_rows(const at::Tensor& value, nn::Place from, nn::Place to);  // of tokens what a classifier reads

  // Of the file's bytes, read once.
  std::string content_hash(const std::filesystem::path& photo) { return images_->content(photo); }

  // `function` over the rows of `value` in the same padded passes; or what it gives, one after another.
  template <class Function>
  static void each_pass(const at::Tensor& value, Function&& function);
  template <class Function>
  static at::Tensor in_passes(const at::Tensor& value, Function&& function);

  int64_t encoded() const { return encoded_; }  // photos that went through the image tower so far
  int64_t reused() const { return reused_; }    // photos whose features were found

 private:
  using Pass = at::Tensor (Encoder::*)(const at::Tensor& value, nn::Place from, nn::Place to);
  struct Views {
    int64_t count = 1;
    uint64_t seed = 0;
  };
  at::Tensor encode(const data::Source& source, nn::Place place, Views views, Pass pass, Reporter& report);
  // `indices`: of each row in the source.
  void check_finite(const at::Tensor& rows, const at::Tensor& pixels, const data::Source& source,
                    const std::vector<int64_t>& indices, nn::Place place);
  FeatureCache& cache(nn::Place place);
  int64_t floats_at(nn::Place place);  // of one photo

  std::shared_ptr<models::Model> model_;
  std::shared_ptr<data::ImageCache> images_;
  EncoderOptions options_;
  std::map<std::string, FeatureCache> caches_;  // by feature_key
  int64_t encoded_ = 0, reused_ = 0;
  bool warned_ = false;  // that features are not kept on disk
  bool told_ = false;    // that fewer threads read photos than were asked for
  int64_t tokens_ = 0;   // of a photo before the first block; 0: not asked yet
};

at::Tensor padded(const at::Tensor& value, int64_t begin);  // kEncoderBatch rows from `begin`, zeros after the last

template <class Function>
void Encoder::each_pass(const at::Tensor& value, Function&& function) {
  const int64_t rows = value.size(0);
  for (int64_t begin = 0; begin < rows; begin += kEncoderBatch)
    function(padded(value, begin), std::min(kEncoderBatch, rows - begin));
}

template <class Function>
at::Tensor Encoder::in_passes(const at::Tensor& value, Function&& function) {
  std::vector<at::Tensor> parts;
  each_pass(value, [&](const at::Tensor& rows, int64_t count) { parts.push_back(function(rows).narrow(0, 0, count)); });
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

}  // namespace graft::engine
