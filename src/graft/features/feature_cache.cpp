#include "graft/features/feature_cache.h"

#include <ATen/Parallel.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/features/build_id.h"
#include "graft/features/encoder.h"
#include "graft/models/model_reading.h"
#include "graft/nn/tensor_file.h"

namespace graft::features {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHashDigits = 32;

}  // namespace

std::string feature_key(const models::Model& model, nn::Place place, data::Exif exif) {
  return Hash()
      .add(model.info().fingerprint)
      .add(models::reading_of(model.info()))
      .add(tensor::to_string(model.precision()))
      .add(fmt::format("place {} batch {} threads {}{}", place, kEncoderBatch, at::get_num_threads(),
                       exif == data::Exif::turn ? " upright" : ""))
      .add(at::get_cpu_capability())
      .add(build_id())
      .hex();
}

FeatureCache::FeatureCache(fs::path folder) : folder_(std::move(folder)) {
  std::error_code error;
  if (folder_.empty() || !fs::is_directory(folder_, error)) return;
  std::vector<fs::path> shards;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (entry.path().extension() == ".safetensors") shards.push_back(entry.path());
  }
  std::sort(shards.begin(), shards.end());
  for (const auto& shard : shards) {
    try {
      const auto file = io::SafetensorsFile::open(shard);
      const auto photos = file.metadata().find("photos");
      const auto* view = file.find("features");
      if (!view || photos == file.metadata().end()) continue;
      const at::Tensor rows = nn::to_tensor(*view);
      const std::string& hashes = photos->second;
      if (hashes.size() != kHashDigits * static_cast<size_t>(rows.size(0))) continue;
      for (int64_t i = 0; i < rows.size(0); ++i) {
        rows_.emplace(hashes.substr(static_cast<size_t>(i) * kHashDigits, kHashDigits), rows.select(0, i));
      }
    } catch (const Error&) {  // a damaged shard is worth no more than a missing one
    }
  }
}

at::Tensor FeatureCache::row(const std::string& photo) const {
  return rows_.at(photo);
}

void FeatureCache::add(const std::vector<std::string>& photos, const at::Tensor& rows) {
  const at::Tensor kept = rows.detach().contiguous();
  for (size_t i = 0; i < photos.size(); ++i)
    rows_.insert_or_assign(photos[i], kept.select(0, static_cast<int64_t>(i)));
  if (folder_.empty() || photos.empty()) return;
  std::string hashes;
  for (const auto& photo : photos)
    hashes += photo;
  try {
    fs::create_directories(folder_);
    nn::write_tensors(folder_ / (Hash().add(hashes).hex() + ".safetensors"), {{"features", kept}},
                      {{"photos", hashes}});
  } catch (const std::exception& error) {  // a full disk must not stop a run that can do without
    trouble_ = error.what();
  }
}

}  // namespace graft::features
