#include "tests/support/tiny_models.h"

#include <torch/types.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/core/random.h"

namespace graft::testing {
namespace {

constexpr int64_t kPatch = 8, kGrid = 3, kWidth = 32, kHidden = 40, kBlocks = 3;
constexpr int64_t kTextWidth = 16, kTextHidden = 24, kTextBlocks = 2, kContext = 24, kVocabulary = 49408;
constexpr int64_t kJoint = 12, kRegisters = 2;

// Collects tensors; each draws from a stream of its own, so that adding one changes no other.
class Maker {
 public:
  Maker(TinyCheckpoint& checkpoint, uint64_t seed) : tensors_(checkpoint.tensors), seed_(seed) {}

  void normal(const std::string& name, std::vector<int64_t> shape, double std, double mean = 0) {
    tensors_[name] = random_tensor(std::move(shape), Random(seed_).fork(name).bits(), std, mean);
  }
  void matrix(const std::string& name, int64_t out, int64_t in) { normal(name, {out, in}, 1 / std::sqrt(double(in))); }
  void bias(const std::string& name, int64_t width) { normal(name, {width}, 0.1); }
  void linear(const std::string& name, int64_t out, int64_t in) {
    matrix(name + ".weight", out, in);
    bias(name + ".bias", out);
  }
  void norm(const std::string& name, int64_t width) {
    normal(name + ".weight", {width}, 0.1, 1);
    bias(name + ".bias", width);
  }

 private:
  std::map<std::string, at::Tensor>& tensors_;
  uint64_t seed_;
};

void clip_block(Maker& make, const std::string& block, int64_t width, int64_t hidden) {
  make.norm(block + "ln_1", width);
  make.matrix(block + "attn.in_proj_weight", 3 * width, width);
  make.bias(block + "attn.in_proj_bias", 3 * width);
  make.linear(block + "attn.out_proj", width, width);
  make.norm(block + "ln_2", width);
  make.linear(block + "mlp.c_fc", hidden, width);
  make.linear(block + "mlp.c_proj", width, hidden);
}

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

TinyCheckpoint tiny_clip_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-clip";
  checkpoint.folder.open_clip_config = io::JsonObject::parse(R"({
    "model_cfg": {"embed_dim": 12, "quick_gelu": true,
                  "vision_cfg": {"image_size": 24, "layers": 3, "width": 32, "head_width": 16, "patch_size": 8},
                  "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}}})",
                                                             "open_clip_config.json");
  Maker make(checkpoint, seed);
  make.normal("visual.conv1.weight", {kWidth, 3, kPatch, kPatch}, 0.1);
  make.normal("visual.class_embedding", {kWidth}, 0.5);
  make.normal("visual.positional_embedding", {1 + kGrid * kGrid, kWidth}, 0.5);
  make.norm("visual.ln_pre", kWidth);
  for (int64_t k = 0; k < kBlocks; ++k) {
    clip_block(make, "visual.transformer.resblocks." + std::to_string(k) + ".", kWidth, kHidden);
  }
  make.norm("visual.ln_post", kWidth);
  make.normal("visual.proj", {kWidth, kJoint}, 1 / std::sqrt(double(kWidth)));
  make.normal("token_embedding.weight", {kVocabulary, kTextWidth}, 0.5);
  make.normal("positional_embedding", {kContext, kTextWidth}, 0.5);
  for (int64_t k = 0; k < kTextBlocks; ++k) {
    clip_block(make, "transformer.resblocks." + std::to_string(k) + ".", kTextWidth, kTextHidden);
  }
  make.norm("ln_final", kTextWidth);
  make.normal("text_projection", {kTextWidth, kJoint}, 1 / std::sqrt(double(kTextWidth)));
  checkpoint.tensors["logit_scale"] = at::scalar_tensor(std::log(20.0));
  return checkpoint;
}

TinyCheckpoint tiny_vit_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-vit";
  checkpoint.folder.config = io::JsonObject::parse(R"({
    "architecture": "vit_small_patch14_reg4_dinov2",
    "model_args": {"embed_dim": 32, "depth": 3, "num_heads": 2, "patch_size": 8, "img_size": 24, "reg_tokens": 2},
    "pretrained_cfg": {"input_size": [3, 24, 24], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
                       "interpolation": "bicubic", "crop_pct": 1.0}})",
                                                   "config.json");
  Maker make(checkpoint, seed);
  make.normal("cls_token", {1, 1, kWidth}, 0.5);
  make.normal("reg_token", {1, kRegisters, kWidth}, 0.5);
  make.normal("pos_embed", {1, kGrid * kGrid, kWidth}, 0.5);
  make.normal("patch_embed.proj.weight", {kWidth, 3, kPatch, kPatch}, 0.1);
  make.bias("patch_embed.proj.bias", kWidth);
  for (int64_t k = 0; k < kBlocks; ++k) {
    const auto block = "blocks." + std::to_string(k) + ".";
    make.norm(block + "norm1", kWidth);
    make.linear(block + "attn.qkv", 3 * kWidth, kWidth);
    make.linear(block + "attn.proj", kWidth, kWidth);
    make.normal(block + "ls1.gamma", {kWidth}, 0.2, 0.7);
    make.norm(block + "norm2", kWidth);
    make.linear(block + "mlp.fc1", kHidden, kWidth);
    make.linear(block + "mlp.fc2", kWidth, kHidden);
    make.normal(block + "ls2.gamma", {kWidth}, 0.2, 0.7);
  }
  make.norm("norm", kWidth);
  return checkpoint;
}

std::shared_ptr<models::Model> tiny_clip(uint64_t seed, tensor::Precision precision) {
  return tiny_clip_checkpoint(seed).load(with(precision));
}

std::shared_ptr<models::Model> tiny_vit(uint64_t seed, tensor::Precision precision) {
  return tiny_vit_checkpoint(seed).load(with(precision));
}

at::Tensor tiny_images(int64_t count, uint64_t seed) {
  return random_tensor({count, 3, kGrid * kPatch, kGrid * kPatch}, Random(seed).fork("images").bits());
}

}  // namespace graft::testing
