// Frozen features of photos. They are always computed in one padded batch shape, so that a photo's features are the same
// bits in any company, cached or not; and kept, in memory for this process and on disk for the next.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/image_cache.h"
#include "graft/data/transforms.h"
#include "graft/engine/feature_cache.h"
#include "graft/models/model.h"

namespace graft::engine {

// Photos a pass: enough rows for the matrix kernels, few enough that one photo does not wait for many.
inline constexpr int64_t kEncoderBatch = 16;

struct EncoderOptions {
  int64_t workers = 2;
  std::filesystem::path cache_dir;  // empty: no cache on disk
  int64_t memory_bytes = int64_t{2} << 30;  // features that one call may hold; see fits()
};

class Encoder {
 public:
  Encoder(std::shared_ptr<models::Model> model, std::shared_ptr<data::ImageCache> images, EncoderOptions options);

  // Features of the files at `place`, [N, ...] float32, of the model without inserts: what is in the cache is not computed.
  at::Tensor features(const std::vector<std::filesystem::path>& files, nn::Place place, Reporter& report);

  // Features of augmented views; never cached on disk. The view of a photo depends on `random`, the view and its index.
  at::Tensor augmented(const std::vector<std::filesystem::path>& files, nn::Place place, int64_t views,
                       const data::Augmentation& augmentation, const Random& random, Reporter& report);

  // Whether features of so many photos at `place` may be held in memory.
  bool fits(int64_t photos, nn::Place place) const;

  // value [B, ...] at `from` -> at `to`, in padded passes; inserts in between run. Without gradients.
  at::Tensor run(const at::Tensor& value, nn::Place from, nn::Place to);

  int64_t encoded() const { return encoded_; }  // photos that went through the image tower so far
  int64_t reused() const { return reused_; }    // photos whose features were found

 private:
  at::Tensor encode(const std::vector<std::filesystem::path>& files, nn::Place place, const data::ImageTransform& transform,
                    uint64_t seed, Reporter& report);
  const std::string& content_hash(const std::filesystem::path& file);

  std::shared_ptr<models::Model> model_;
  std::shared_ptr<data::ImageCache> images_;
  EncoderOptions options_;
  std::unordered_map<std::string, std::string> hashes_;  // path -> content
  std::unordered_map<nn::Place, std::unique_ptr<FeatureCache>> caches_;
  int64_t encoded_ = 0, reused_ = 0;
};

}  // namespace graft::engine
