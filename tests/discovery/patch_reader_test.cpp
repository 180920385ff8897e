#include "graft/discovery/patch_reader.h"

#include <cmath>

#include "graft/core/error.h"
#include "tests/discovery/golden.h"
#include "tests/support/tiny_models.h"

namespace graft::discovery {
namespace {

data::Image striped(int height, int width) {
  data::Image image{.width = width, .height = height, .rgb = {}};
  for (int i = 0; i < height * width * 3; ++i)
    image.rgb.push_back(static_cast<std::uint8_t>((i * 37 + i / 11 * 5) % 256));
  return image;
}

// Keys and attention by hand: the block's own parameters on what the block before gives.
Patches by_hand(models::Model& model, int64_t block, const data::Image& photo, data::Size size, int64_t prefix) {
  auto& tower = model.reader();
  const auto tokens = tower.run({pixels_at(model, photo, size)}, 0, 1 + block, {}).x;
  const auto parameters = tower.named_parameters();
  const auto of = [&](const std::string& name) { return parameters["blocks." + std::to_string(block) + "." + name]; };
  const auto width = tokens.size(2);
  const auto normed = at::layer_norm(tokens, {width}, of("norm1.weight"), of("norm1.bias"), model.info().vision.eps);
  const auto qkv = at::linear(normed, of("attn.qkv.weight"), of("attn.qkv.bias"))[0].chunk(3, 1);
  const auto heads = model.info().vision.heads;
  std::vector<at::Tensor> attention;
  for (int64_t head = 0; head < heads; ++head) {
    const auto d = width / heads;
    const auto q = qkv[0].narrow(0, 0, 1).narrow(1, head * d, d), k = qkv[1].narrow(1, head * d, d);
    attention.push_back(at::softmax(at::mm(q, k.t()) / std::sqrt(static_cast<double>(d)), 1)[0]);
  }
  const auto patches = qkv[1].size(0) - prefix;
  return {.keys = qkv[1].narrow(0, prefix, patches),
          .attention = at::stack(attention).narrow(1, prefix, patches),
          .grid = {},
          .heads = heads,
          .values = qkv[2].narrow(0, prefix, patches),
          .tokens = tower.run({pixels_at(model, photo, size)}, 0, 2 + block, {}).x[0].narrow(0, prefix, patches)};
}

TEST(PatchReader, ReadsTheKeysAndTheAttentionThatTheBlockComputes) {
  const torch::NoGradGuard no_grad;
  const auto photo = striped(40, 61);
  for (const bool is_clip : {false, true}) {
    const auto model = is_clip ? graft::testing::tiny_clip() : graft::testing::tiny_vit();
    const int64_t prefix = is_clip ? 1 : 3;  // the class token, and two registers
    for (const int64_t block : {0, 2}) {
      const PatchReader reader(model, block);
      const auto size = reader.size_for({.height = photo.height, .width = photo.width}, 24);
      EXPECT_EQ(size, (data::Size{.height = 24, .width = 40}));  // 36.6 is nearest to 5 patches of 8
      const auto patches = reader.read(photo, size);
      EXPECT_EQ(patches.grid, (nn::Grid{3, 5}));
      const auto expected = by_hand(*model, block, photo, size, prefix);
      EXPECT_EQ(patches.heads, expected.heads);
      EXPECT_LT(largest_difference(patches.keys, expected.keys), 2e-5);
      EXPECT_LT(largest_difference(patches.values, expected.values), 2e-5);
      EXPECT_LT(largest_difference(patches.tokens, expected.tokens), 2e-5);
      EXPECT_LT(largest_difference(patches.attention, expected.attention), 1e-5);
    }
  }
}

TEST(PatchReader, GivesTheModelBackAsItWas) {
  const auto model = graft::testing::tiny_vit();
  const auto images = graft::testing::tiny_images(2);
  const auto before = model->reader().encode({images}, {});
  {
    const PatchReader reader(model, {});
    EXPECT_EQ(reader.block(), 2);
    EXPECT_LT(largest_difference(model->reader().encode({images}, {}), before), 1e-5);
  }
  EXPECT_TRUE(torch::equal(model->reader().encode({images}, {}), before));
  for (const auto* joint : model->joints())
    EXPECT_TRUE(joint->empty()) << joint->site().path;
}

TEST(PatchReader, RefusesABlockThatIsNotThereAndAModelWithoutPatches) {
  EXPECT_THROW(PatchReader(graft::testing::tiny_vit(), 3), ConfigError);
  const std::shared_ptr<models::Model> resnet = graft::testing::tiny_resnet_checkpoint().load();
  EXPECT_THROW(PatchReader(resnet, {}), ModelError);
}

}  // namespace
}  // namespace graft::discovery
