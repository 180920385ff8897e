#include "tests/support/tiny_models.h"

#include <torch/types.h>

#include "graft/core/random.h"

namespace graft::testing {
namespace {

constexpr int64_t kSide = 24;  // of images

models::LoadOptions with(tensor::Precision precision) {
  models::LoadOptions options;
  options.precision = precision;
  return options;
}

}  // namespace

at::Tensor random_tensor(std::vector<int64_t> shape, uint64_t seed, double std, double mean) {
  const auto tensor = at::empty(shape, at::kFloat);
  Random random(seed);
  auto* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i)
    values[i] = static_cast<float>(mean + std * random.normal());
  return tensor;
}

io::Weights TinyCheckpoint::weights() const {
  io::TensorMap map;
  for (const auto& [name, tensor] : tensors) {
    const auto kept = std::make_shared<at::Tensor>(tensor.contiguous());
    map[name] = {io::Dtype::f32, kept->sizes().vec(), static_cast<const std::byte*>(kept->const_data_ptr()),
                 kept->nbytes(), kept};
  }
  return io::Weights(folder.path.string(), std::move(map));
}

std::unique_ptr<models::Model> TinyCheckpoint::load(const models::LoadOptions& options) const {
  return models::load_model(folder, weights(), options);
}

const std::vector<TinyFamily>& tiny_families() {
  static const std::vector<TinyFamily> all = {
#define MODEL(name) {#name, tiny_##name##_checkpoint},
#include "graft/models/models.def"
#undef MODEL
  };
  return all;
}

std::shared_ptr<models::Model> tiny_clip(uint64_t seed, tensor::Precision precision) {
  return tiny_clip_checkpoint(seed).load(with(precision));
}

std::shared_ptr<models::Model> tiny_vit(uint64_t seed, tensor::Precision precision) {
  return tiny_vit_checkpoint(seed).load(with(precision));
}

at::Tensor tiny_images(int64_t count, uint64_t seed) {
  return random_tensor({count, 3, kSide, kSide}, Random(seed).fork("images").bits());
}

}  // namespace graft::testing
