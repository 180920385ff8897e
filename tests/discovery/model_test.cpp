#include "graft/discovery/saliency/model/model.h"

#include <gmock/gmock.h>

#include "graft/core/error.h"
#include "tests/discovery/golden.h"
#include "tests/support/onnx_bytes.h"
#include "tests/support/temp_folder.h"

namespace graft::discovery {
namespace {

using namespace graft::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The mean of a photo's three colours behind (x - 0.5) / 0.25, as it stands or through a Sigmoid.
std::string mean_network(const std::vector<std::int64_t>& shape, bool sigmoid) {
  const auto mean = onnx_node("ReduceMean", {"x"}, {sigmoid ? "mean" : "map"}, onnx_integers("axes", {1}));
  return onnx_model(onnx_input("x", shape) + mean +
                    (sigmoid ? onnx_node("Sigmoid", {"mean"}, {"map"}) : std::string()) + onnx_output("map"));
}

// Black, but for a white square within.
SeenPhoto square(int width, int height, int from, int to) {
  auto image = std::make_shared<data::Image>();
  image->width = width;
  image->height = height;
  image->rgb.assign(static_cast<size_t>(width) * height * 3, 0);
  for (int y = from; y < to; ++y)
    for (int x = from * 3; x < to * 3; ++x)
      image->rgb[static_cast<size_t>(y) * width * 3 + x] = 255;
  return {.name = "a.png", .size = {height, width}, .patches = {}, .pixels = image};
}

std::string option(const std::filesystem::path& file, const std::string& more) {
  return "model:" + file.string() + ",mean=0.5,std=0.25" + more;
}

TEST(Model, SaysWhereItsNetworkSeesAnObjectAtThePhotosSize) {
  const TempFolder folder;
  const auto way = make_saliency(option(folder.put("a,b=c.onnx", mean_network({1, 3, 16, 16}, true)), ""));
  EXPECT_FALSE(way->reads_patches());
  EXPECT_THAT(way->notes(), ElementsAre(::testing::Field(&Note::text, HasSubstr("first output 'map'"))));
  const auto found = way->find(square(16, 16, 4, 10));
  ASSERT_TRUE(found.map.defined()) << found.why;
  auto mask = torch::zeros({16, 16});
  mask.slice(0, 4, 10).slice(1, 4, 10).fill_(1);
  EXPECT_LT(largest_difference(found.map, mask), 1e-5);
  EXPECT_EQ(way->find(square(40, 20, 4, 10)).map.sizes(), at::IntArrayRef({20, 40}));
}

TEST(Model, LaysASigmoidOverWhatLeaves0To1AndSaysSo) {
  const TempFolder folder;
  const auto file = folder.put("logits.onnx", mean_network({1, 3, 16, 16}, false));
  const auto way = make_saliency(option(file, ""));
  EXPECT_THAT(way->notes().back().text, HasSubstr("comes of a ReduceMean and no Sigmoid"));
  // Half a square of grey: 0 in logits, half between -2 and 2 and so half of the sigmoid's ends.
  auto photo = square(16, 16, 4, 12);
  auto half = std::make_shared<data::Image>(*photo.pixels);
  for (int i = 0; i < 3; ++i)
    half->rgb[i] = 191;  // a logit of 1
  photo.pixels = half;
  const auto at = [](double x) { return 1 / (1 + std::exp(-x)); };
  EXPECT_NEAR(way->find(photo).map[0][0].item<double>(), (at(191 / 63.75 - 2) - at(-2)) / (at(2) - at(-2)), 1e-4);
  const auto bare = make_saliency(option(file, ",activation=none"));
  EXPECT_NEAR(bare->find(photo).map[0][0].item<double>(), 191.0 / 255, 1e-4);
}

TEST(Model, PaddedSeesAPhotoInItsShapeAndGivesNothingOfWhatLiesAround) {
  const TempFolder folder;
  const auto file = folder.put("a.onnx", mean_network({1, 3, 0, 0}, true));
  const auto way = make_saliency(option(file, ",side=32,fit=pad"));
  const auto found = way->find(square(64, 32, 8, 24));
  ASSERT_TRUE(found.map.defined()) << found.why;
  EXPECT_NEAR(found.map.slice(0, 12, 20).slice(1, 12, 20).min().item<double>(), 1, 1e-4);
  EXPECT_NEAR(found.map.slice(1, 28).max().item<double>(), 0, 1e-4);
}

TEST(Model, FindsNoObjectWhereItsNetworkIsUnsureOrSeesOneThing) {
  const TempFolder folder;
  const auto way = make_saliency(option(folder.put("a.onnx", mean_network({1, 3, 8, 8}, true)), ",least=0.5"));
  EXPECT_THAT(way->find(square(8, 8, 0, 0)).why, HasSubstr("nowhere surer than 0.119"));
  EXPECT_EQ(way->find(square(8, 8, 0, 8)).why, "its map is the same everywhere");
}

TEST(Model, ChangesWithItsFile) {
  const TempFolder folder;
  const auto one = make_saliency(option(folder.put("a.onnx", mean_network({1, 3, 8, 8}, true)), ""));
  const auto other = make_saliency(option(folder.put("b.onnx", mean_network({1, 3, 8, 8}, false)), ""));
  EXPECT_NE(one->content("x"), other->content("x"));
  EXPECT_EQ(one->content("x"), one->content("y"));
}

TEST(Model, SaysWhatItTakesForGranted) {
  const TempFolder folder;
  const auto file = folder.put("a.onnx", mean_network({1, 3, 8, 8}, true)).string();
  EXPECT_THAT(make_saliency("model:" + file)->notes().front().text, HasSubstr("ImageNet's mean and std are taken"));
}

TEST(Model, RefusesWhatIsNoNetworkOfPhotosByName) {
  const TempFolder folder;
  const auto refusal = [](const std::string& text) -> std::string {
    try {
      make_saliency(text)->find(square(8, 8, 2, 4));
    } catch (const Error& error) {
      return error.what();
    }
    return "it was taken";
  };
  EXPECT_THAT(refusal("model"), HasSubstr("which network?"));
  EXPECT_THAT(refusal("model:/nowhere.onnx"), HasSubstr("/nowhere.onnx"));
  EXPECT_THAT(refusal("model:" + folder.put("text.onnx", "hello").string()), HasSubstr("text.onnx"));
  const auto open = folder.put("open.onnx", mean_network({1, 3, 0, 0}, true));
  EXPECT_THAT(refusal(option(open, "")), HasSubstr("reads photos of any size. Say which: side=320"));
  EXPECT_THAT(refusal(option(open, ",side=-3")), HasSubstr("expected 1 to"));
  EXPECT_THAT(refusal(option(open, ",side=8,map=x")), HasSubstr("no output 'x'"));
  EXPECT_THAT(refusal(option(open, ",side=8,least=1")), HasSubstr("least 1"));
  EXPECT_THAT(refusal("model:" + open.string() + ",side=8,mean=0.5:0.5"), HasSubstr("expected three numbers"));
  EXPECT_THAT(refusal("model:" + open.string() + ",side=8,std=0"), HasSubstr("expected more than 0"));
  const auto fixed = folder.put("fixed.onnx", mean_network({1, 3, 8, 8}, true));
  EXPECT_THAT(refusal(option(fixed, ",side=9")), HasSubstr("reads 8 pixels and no other size"));
  EXPECT_THAT(refusal(option(folder.put("grey.onnx", mean_network({1, 1, 8, 8}, true)), "")), HasSubstr("is no photo"));
  const auto many = onnx_model(onnx_input("x", {1, 3, 8, 8}) + onnx_node("Relu", {"x"}, {"map"}) + onnx_output("map"));
  EXPECT_THAT(refusal(option(folder.put("many.onnx", many), "")), HasSubstr("gives 3 maps of a photo: expected one"));
}

}  // namespace
}  // namespace graft::discovery
