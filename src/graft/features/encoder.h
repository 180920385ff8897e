// Frozen features of examples. They are always computed in one padded batch shape (of texts in one for each length), so
// that an example's features are the same bits in any company, cached or not; and kept, in memory for this process and
// on disk for the next.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/random.h"
#include "graft/data/image_cache.h"
#include "graft/data/photo_source.h"
#include "graft/data/source.h"
#include "graft/features/feature_cache.h"
#include "graft/models/model.h"
#include "graft/nn/value.h"

namespace graft::features {

// Examples a pass: enough rows for the matrix kernels, few enough that one example does not wait for many. Of clips as
// many as have so many frames, and one at least.
inline constexpr int64_t kEncoderBatch = 16;
inline int64_t examples_a_pass(int64_t frames) {
  return std::max<int64_t>(1, kEncoderBatch / frames);
}

// Where features are kept for a model that changes above `unchanged`: there, or, where no block lies below or examples
// have no common shape, nowhere (0). An embedding costs less to compute than its many tokens to keep.
inline nn::Place kept_place(const models::Tower& tower, nn::Place unchanged) {
  return unchanged > 1 && tower.has_one_shape(unchanged) ? unchanged : 0;
}

struct EncoderOptions {
  int64_t workers = 2;
  std::filesystem::path cache_dir;          // empty: no cache on disk
  int64_t memory_bytes = int64_t{2} << 30;  // of features that one call may hold
};

class Encoder {
 public:
  Encoder(std::shared_ptr<models::Model> model, std::shared_ptr<data::ImageCache> images, EncoderOptions options);

  // Features at `place`, [N, ...] float32; what the cache has is not computed. Only for a place that no insert changes
  // and where all examples have one shape.
  at::Tensor features(const data::Source& source, nn::Place place, Reporter& report);

  // The same values computed now and kept nowhere; inserts on the way run.
  at::Tensor compute(const data::Source& source, nn::Place place, Reporter& report);

  // The same, of tokens what a head reads of them: [N, E].
  at::Tensor rows(const data::Source& source, nn::Place place, Reporter& report);

  // `function` over the whole values, a pass of examples at a time in their order.
  void each_value(const data::Source& source, nn::Place place, const std::function<void(const nn::Value&)>& function);

  // Features of a source's random views, [views * N, ...]: all examples once, then all again. A view depends on
  // `random`, its number and the example's index.
  at::Tensor augmented(const data::Source& source, nn::Place place, int64_t views, const Random& random,
                       Reporter& report);

  // Photos as the model reads them.
  data::PhotoSource photos(const std::vector<std::filesystem::path>& files) const;

  // Whether so many examples' features at `place` may be held in memory.
  bool fits(int64_t examples, nn::Place place, int64_t frames = 1);

  // A value at `from` -> at `to`, in padded passes and without gradients; inserts in between run. What is computed of
  // clips behind the mean over their frames is computed in passes of its own.
  nn::Value run(const nn::Value& value, nn::Place from, nn::Place to);
  at::Tensor run_to_rows(const nn::Value& value, nn::Place from, nn::Place to);  // of tokens what a head reads

  // `function` over the rows of `value` in the same padded passes; or what it gives, one after another.
  template <class Function>
  static void each_pass(const at::Tensor& value, Function&& function);
  template <class Function>
  static at::Tensor in_passes(const at::Tensor& value, Function&& function);

  int64_t encoded() const { return encoded_; }  // examples that went through the frozen tower so far
  int64_t reused() const { return reused_; }    // examples whose features were found
  double seconds() const { return seconds_; }   // spent on features that are kept, and so shared

 private:
  using Pass = at::Tensor (Encoder::*)(const nn::Value& value, nn::Place from, nn::Place to);
  struct Views {
    int64_t count = 1;
    uint64_t seed = 0;
  };
  // What encode() tells as it goes.
  class Progress;
  at::Tensor run_to_tensor(const nn::Value& value, nn::Place from, nn::Place to);
  at::Tensor encode(const data::Source& source, nn::Place place, Views views, Pass pass, Reporter& report);
  at::Tensor encode_pixels(const data::Source& source, nn::Place place, Views views, Pass pass, Reporter& report);
  at::Tensor encode_texts(const data::Source& source, nn::Place place, Pass pass, Reporter& report);
  // `indices`: of each row in the source.
  void check_finite(const at::Tensor& rows, const nn::Value& read, const data::Source& source,
                    const std::vector<int64_t>& indices, nn::Place place);
  FeatureCache& cache(nn::Place place);
  int64_t floats_at(nn::Place place, int64_t frames);  // of one example

  std::shared_ptr<models::Model> model_;
  std::shared_ptr<data::ImageCache> images_;
  EncoderOptions options_;
  std::map<std::string, FeatureCache> caches_;  // by feature_key
  int64_t encoded_ = 0, reused_ = 0;
  double seconds_ = 0;
  bool warned_ = false;  // that features are not kept on disk
  bool told_ = false;    // that fewer threads read photos than were asked for
  int64_t tokens_ = 0;   // of a photo before the first block; 0: not asked yet
};

// `size` rows from `begin`, zeros after the last.
at::Tensor padded(const at::Tensor& value, int64_t begin, int64_t size = kEncoderBatch);
nn::Value padded(const nn::Value& value, int64_t begin, int64_t size = kEncoderBatch);

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

}  // namespace graft::features
