#include "graft/models/decoder/initial_weights.h"

#include <torch/types.h>

#include <cmath>
#include <memory>
#include <utility>

#include "graft/core/error.h"
#include "graft/models/decoder/decoder_reader.h"
#include "graft/models/decoder/decoder_settings.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::decoder {
namespace {

constexpr double kDeviation = 0.02;  // transformers' own, where config.json says none

at::Tensor normal(const std::vector<int64_t>& shape, double deviation, Random random) {
  auto drawn = torch::empty(shape, tensor::on_cpu(at::kFloat));
  auto* const values = drawn.mutable_data_ptr<float>();
  for (int64_t i = 0; i < drawn.numel(); ++i)
    values[i] = static_cast<float>(deviation * random.normal());
  return drawn;
}

io::TensorView in_memory(at::Tensor values) {
  const auto owner = std::make_shared<const at::Tensor>(std::move(values));
  return {.dtype = io::Dtype::f32,
          .shape = owner->sizes().vec(),
          .data = static_cast<const std::byte*>(owner->const_data_ptr()),
          .bytes = owner->nbytes(),
          .owner = owner};
}

}  // namespace

io::Weights initial_weights(const io::JsonObject& config, const std::string& name, const Random& random) {
  const auto settings = settings_of(config);
  const auto deviation = config.get("initializer_range", kDeviation);
  if (!(deviation > 0) || !std::isfinite(deviation))
    throw ModelError("decoder", "{}: initializer_range = {}: expected a small positive number.", config.file(),
                     deviation);
  io::TensorMap drawn;
  const auto draw = [&](const std::string& tensor, const std::vector<int64_t>& shape) {
    auto values = tensor.ends_with(".bias") ? torch::zeros(shape, tensor::on_cpu(at::kFloat))
                  : shape.size() == 1       ? torch::full(shape, 1 - settings.norm_offset, tensor::on_cpu(at::kFloat))
                                            : normal(shape, deviation, random.fork(tensor));
    drawn.emplace(tensor, in_memory(values));
    return StoredTensor{.shape = shape, .numbers = [values] { return values; }, .name = tensor};
  };
  // The reader knows what there is to a decoder; it finds the words, and asks for all else.
  const std::string words = "model.embed_tokens.weight";
  StoredTensors tensors;
  tensors.emplace(words, draw(words, {settings.vocabulary, settings.width}));
  DecoderReader(std::move(tensors), settings, tensor::Precision::fp32, name, draw).read();
  return io::Weights(name, std::move(drawn));
}

}  // namespace graft::models::decoder
