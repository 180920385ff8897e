// Rows of features by the content of the photo they were computed from, for one place of one model as one build
// computes it. On disk a folder of safetensors shards; a shard is written once, atomically, so that processes may share
// the folder.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "graft/data/image_cache.h"
#include "graft/models/model.h"

namespace graft::features {

// What the values depend on beside the photo: weights, pre-processing, precision, place, build, instruction set,
// threads, and whether photos are turned upright.
std::string feature_key(const models::Model& model, nn::Place place, data::Exif exif = data::Exif::keep);

class FeatureCache {
 public:
  // folder empty: in memory only. Unreadable shards (a crash of the machine, another version) are passed over.
  explicit FeatureCache(std::filesystem::path folder);

  bool has(const std::string& photo) const { return rows_.contains(photo); }
  at::Tensor row(const std::string& photo) const;  // [...] float32

  // rows [n, ...] of as many photos; where the folder cannot be written they stay in memory, and `trouble` says why.
  void add(const std::vector<std::string>& photos, const at::Tensor& rows);
  const std::string& trouble() const { return trouble_; }

 private:
  std::filesystem::path folder_;
  std::unordered_map<std::string, at::Tensor> rows_;  // views of shards
  std::string trouble_;
};

}  // namespace graft::features
