// Every architecture of the table against timm, shrunken: tests/golden/make/timm_architectures.py.
#include "graft/models/vit/timm_architectures.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/core/error.h"
#include "graft/models/model.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_models.h"

namespace graft::models::vit {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr int64_t kImage = 12, kPatch = 4, kDepth = 2;

uint64_t splitmix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// The script's `drawn`.
at::Tensor drawn(const std::string& name, const std::vector<int64_t>& shape) {
  uint64_t key = 0xcbf29ce484222325;
  for (const unsigned char byte : name)
    key = (key ^ byte) * 0x100000001b3;
  const auto tensor = at::empty(shape, at::kFloat);
  const bool matrix = name.ends_with(".weight") && shape.size() >= 2;
  const bool gain = !matrix && (name.ends_with(".weight") || name.ends_with(".gamma"));
  const double scale = std::sqrt(3 / (static_cast<double>(tensor.numel()) / static_cast<double>(shape[0])));
  auto* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const auto bits = splitmix(key + static_cast<uint64_t>(i + 1) * 0x9e3779b97f4a7c15) >> 40;
    const double uniform = static_cast<double>(bits) / 8388608 - 1;
    values[i] = static_cast<float>(matrix ? uniform * scale : gain ? 1 + 0.3 * uniform : 0.5 * uniform);
  }
  return tensor;
}

json shrunken_cases() {
  std::ifstream file(source_dir() / "tests/golden/models/timm_architectures.json");
  return json::parse(file);
}

graft::testing::TinyCheckpoint shrunken(const std::string& architecture, const json& tested, bool says_pooling) {
  graft::testing::TinyCheckpoint checkpoint;
  json args = {
      {"embed_dim", tested["features"].size()}, {"depth", kDepth}, {"patch_size", kPatch}, {"img_size", kImage}};
  if (says_pooling) args["global_pool"] = tested["global_pool"];
  const json config = {{"architecture", architecture},
                       {"model_args", args},
                       {"pretrained_cfg", {{"input_size", {3, kImage, kImage}}, {"fixed_input_size", true}}}};
  checkpoint.folder.path = architecture;
  checkpoint.folder.config = io::JsonObject(config, "config.json");
  for (const auto& [name, shape] : tested["tensors"].items()) {
    checkpoint.tensors[name] = drawn(name, shape);
    if (!name.starts_with("blocks.0.")) continue;
    const auto next = "blocks.1." + name.substr(9);
    checkpoint.tensors[next] = drawn(next, shape);
  }
  return checkpoint;
}

TEST(TimmArchitectures, EveryOneComputesWhatTimmDoes) {
  const torch::NoGradGuard no_grad;
  const auto image = 4 * drawn("image", {1, 3, kImage, kImage});
  std::set<std::string> tested_names;
  for (const auto& tested : shrunken_cases()) {
    const auto features = tested["features"].get<std::vector<float>>();
    for (const std::string architecture : tested["architectures"]) {
      tested_names.insert(architecture);
      const bool by_attention = timm_architecture(architecture, "").pooling == TimmPooling::map;
      const auto model = shrunken(architecture, tested, by_attention).load();
      nn::Context context;
      const auto got = model->reader().encode({image}, context);
      EXPECT_LT(graft::testing::relative_error(got, torch::tensor(features).unsqueeze(0)), 1e-5) << architecture;
    }
  }
  for (const auto& known : timm_architectures())
    EXPECT_TRUE(tested_names.contains(known.name)) << known.name;
  EXPECT_EQ(tested_names.size(), timm_architectures().size());
}

std::string refusal_of(const std::string& architecture) {
  try {
    timm_architecture(architecture, "config.json");
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

TEST(TimmArchitectures, WhatTheBlocksCannotRunIsRefusedByName) {
  EXPECT_GT(refused_timm_architectures().size(), 50u);
  for (const auto& refused : refused_timm_architectures()) {
    const auto expected = std::string("graft does not know this architecture: ") + refused.name + ": " + refused.why;
    EXPECT_THAT(refusal_of(refused.name), HasSubstr(expected));
  }
  EXPECT_THAT(refusal_of("vit_base_patch16_rpn_224"), HasSubstr("its blocks norm after attention and MLP"));
  EXPECT_THAT(refusal_of("vit_giant_patch14_dinov2"), HasSubstr("SwiGLU"));
  for (const auto* other :
       {"beit_base_patch16_224", "eva02_base_patch14_224", "vit_relpos_base_patch16_224", "samvit_base_patch16",
        "naflexvit_base_patch16_gap", "resnet50", "vit_tiny_patch8_reg2", ""}) {
    EXPECT_THAT(refusal_of(other), HasSubstr("it is no VisionTransformer of timm")) << other;
  }
}

TEST(TimmArchitectures, TagsAndOlderNamesLeadToTheSame) {
  EXPECT_STREQ(timm_architecture("vit_base_patch16_224.augreg_in21k", "").name, "vit_base_patch16_224");
  EXPECT_STREQ(timm_architecture("vit_huge_patch14_224_in21k", "").name, "vit_huge_patch14_224");
  EXPECT_EQ(timm_architecture("vit_huge_patch14_224_in21k", "").heads, 16);
}

TEST(TimmArchitectures, AFolderOfAnotherNetworkIsRefusedByItsName) {
  graft::testing::TinyCheckpoint checkpoint;
  checkpoint.folder.path = "folder";
  checkpoint.folder.config =
      io::JsonObject::parse(R"({"architecture": "resnet50", "pretrained_cfg": {}})", "config.json");
  checkpoint.tensors["conv1.weight"] = at::zeros({1});
  try {
    checkpoint.load();
    FAIL() << "a ResNet was loaded";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("graft does not know this architecture: resnet50"));
  }
}

TEST(TimmArchitectures, AttentionPoolingIsRefused) {
  for (const auto& tested : shrunken_cases()) {
    const std::string architecture = tested["architectures"][0];
    if (timm_architecture(architecture, "").pooling != TimmPooling::map) continue;
    try {
      shrunken(architecture, tested, /*says_pooling=*/false).load();
      ADD_FAILURE() << architecture << " was loaded";
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), HasSubstr("it pools by attention (global_pool = \"map\")"));
    }
  }
}

}  // namespace
}  // namespace graft::models::vit
