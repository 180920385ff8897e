// MixUp and CutMix beside torchvision's and timm's, on what these drew, to the bit (tests/golden/make/mixing.py).
#include <gtest/gtest.h>
#include <torch/types.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "graft/plugins/mixing/cutmix/cutmix.h"
#include "graft/plugins/mixing/mixup/mixup.h"
#include "tests/support/source_dir.h"

namespace graft::plugins {
namespace {

const nlohmann::json& mixed_batches() {
  static const nlohmann::json all = [] {
    std::ifstream file(source_dir() / "tests/golden/mixing.json");
    return nlohmann::json::parse(file);
  }();
  return all;
}

at::Tensor floats(const nlohmann::json& json) {
  if (!json.is_array()) return torch::tensor(json.get<float>());
  std::vector<at::Tensor> parts;
  for (const auto& part : json)
    parts.push_back(floats(part));
  return at::stack(parts);
}

// One class an example, or a row of zeros and ones.
at::Tensor target_of(const nlohmann::json& json) {
  const at::Tensor target = floats(json);
  return target.dim() == 1 ? target.to(at::kLong) : target;
}

at::Tensor indices(const nlohmann::json& json) {
  return torch::tensor(json.get<std::vector<int64_t>>(), at::kLong);
}

TEST(MixingPeers, BlendsAreThoseOfTorchvisionAndTimmToTheBit) {
  const at::Tensor x = floats(mixed_batches()["x"]);
  ASSERT_EQ(mixed_batches()["blends"].size(), 9u);
  for (const auto& c : mixed_batches()["blends"]) {
    const at::Tensor partner = indices(c["partner"]);
    const at::Tensor kept = torch::tensor(c["kept"].get<std::vector<double>>(), at::kDouble);
    EXPECT_TRUE(torch::equal(mixup::blend(x, partner, kept), floats(c["values"]))) << c["peer"] << c["kept"];
    const Mix mix{partner, kept, {}};
    EXPECT_TRUE(torch::equal(mixed_targets(target_of(c["target"]), 3, mix), floats(c["mixed"])))
        << c["peer"] << c["kept"];
  }
}

TEST(MixingPeers, BoxesAreCutAndPastedAsTorchvisionAndTimmDo) {
  const at::Tensor x = floats(mixed_batches()["x"]), labels = target_of(mixed_batches()["labels"]);
  const int64_t height = x.size(2), width = x.size(3);
  bool cut_off = false, whole = false;
  for (const auto& c : mixed_batches()["boxes"]) {
    const auto edges = c["box"].get<std::vector<int64_t>>();
    const Box box{edges[0], edges[1], edges[2], edges[3]};
    if (c.contains("lambda")) {
      EXPECT_EQ(box_around(c["row"], c["column"], height, width, c["lambda"]), box) << c["lambda"];
      (share_left(box, height, width) > c["lambda"].get<double>() + 0.1 ? cut_off : whole) = true;
    }
    EXPECT_EQ(share_left(box, height, width), c["kept"].get<double>());
    const at::Tensor partner = indices(c["partner"]);
    const std::vector<Box> boxes(static_cast<size_t>(x.size(0)), box);
    EXPECT_TRUE(torch::equal(paste(x, partner, boxes), floats(c["values"]))) << c["peer"];
    const Mix mix{partner, torch::full({x.size(0)}, c["kept"].get<double>(), at::kDouble), {}};
    EXPECT_TRUE(torch::equal(mixed_targets(labels, 3, mix), floats(c["mixed"]))) << c["peer"];
  }
  EXPECT_TRUE(cut_off && whole);
}

}  // namespace
}  // namespace graft::plugins
