#include "graft/methods/coop/coop.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

TEST(Coop, SixteenWordsOfViTB16Are8192Numbers) {
  EXPECT_EQ(on_sites("coop", {}).inserted(), 8'192);
  EXPECT_EQ(on_sites("coop", {{"length", "4"}}).inserted(), 2'048);
}

TEST(Coop, AContextForEachClassIsThatManyTimesMore) {
  EXPECT_EQ(on_sites("coop", {{"csc", "true"}}).inserted(), 4 * 8'192);
}

TEST(Coop, StartsWithADeviationOfTwoHundredths) {
  const auto words = on_sites("coop", {}).adaptation.bindings.front().insert->parameters().front();
  EXPECT_NEAR(words.std().item<double>(), 0.02, 0.001);  // of 8,192 draws
}

TEST(Coop, PutsSharedWordsIntoTheLearnedRowsOfEveryPrompt) {
  coop::Words words(torch::tensor({{10.f}, {20.f}}));
  const auto rows = torch::tensor({{1, 2}, {1, 3}});  // the second prompt has its name in the middle
  nn::Context context;
  context.learned = rows;
  const nn::Frozen identity([](const at::Tensor& u) { return u; });
  const auto y = words.forward(torch::arange(8, torch::kFloat32).view({2, 4, 1}), identity, context);
  EXPECT_TRUE(torch::equal(y.view({2, 4}), torch::tensor({{0.f, 10.f, 20.f, 3.f}, {4.f, 10.f, 6.f, 20.f}})));
}

TEST(Coop, PutsEachClassItsOwnWords) {
  coop::Words words(torch::tensor({10.f, 20.f}).view({2, 1, 1}));
  const auto rows = torch::tensor({{0}, {1}});
  nn::Context context;
  context.learned = rows;
  const nn::Frozen identity([](const at::Tensor& u) { return u; });
  const auto y = words.forward(torch::zeros({2, 2, 1}), identity, context);
  EXPECT_TRUE(torch::equal(y.view({2, 2}), torch::tensor({{10.f, 0.f}, {0.f, 20.f}})));
}

// "a photo of a" is 320 1125 539 320 in CLIP's vocabulary; the stand-in model embeds a token as its id.
TEST(Coop, StartsFromGivenWords) {
  const auto built = on_sites("coop", {{"words", "a_photo of a"}, {"length", "9"}});
  EXPECT_EQ(built.method->head(built.setting).learned_words, 4);
  const auto words = built.adaptation.bindings.front().insert->parameters().front();
  EXPECT_TRUE(torch::equal(words.select(1, 0), torch::tensor({320.f, 1125.f, 539.f, 320.f})));
}

TEST(Coop, TrainsLongerForMoreShots) {
  const auto built = on_sites("coop", {});
  const auto epochs = [&](int64_t shots) {
    auto setting = built.setting;
    setting.shots = shots;
    return built.method->recipe(setting).epochs;
  };
  EXPECT_EQ(epochs(1), 50);
  EXPECT_EQ(epochs(2), 100);
  EXPECT_EQ(epochs(4), 100);
  EXPECT_EQ(epochs(8), 200);
  EXPECT_EQ(epochs(16), 200);
  EXPECT_EQ(epochs(0), 50);
}

TEST(Coop, NeedsATextTower) {
  try {
    on_sites("coop", {}, sites_only(/*text=*/false));
    FAIL() << "a model without text was taken";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("[coop] vit-b-16 has no text tower to learn words for"));
    EXPECT_THAT(error.what(), HasSubstr("Methods that fit: adapter, bias"));
  }
}

}  // namespace
}  // namespace graft::methods
