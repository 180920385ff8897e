#include "graft/models/head.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::HasSubstr;
using testing::random_tensor;
using testing::tiny_images;
using testing::tiny_vit;

TEST(LinearHead, StartsAsItsRecipeSays) {
  Random random(1);
  LinearHead zero(8, 3, HeadInit::zero, random), vpt(800, 50, HeadInit::vpt, random);
  nn::Context context;
  EXPECT_TRUE(at::equal(zero.forward(random_tensor({2, 8}, 1), context), at::zeros({2, 3})));
  EXPECT_NEAR(vpt.weight.std().item<double>(), 0.2, 0.004);  // sqrt(2 / 50); 40,000 draws
  EXPECT_NEAR(vpt.bias[7].item<double>(), -4.595, 1e-3);
}

TEST(LinearHead, RefusesFeaturesOfAnotherWidth) {
  Random random(1);
  LinearHead head(8, 3, HeadInit::normal, random);
  nn::Context context;
  try {
    head.forward(at::zeros({2, 9}), context);
    FAIL() << "features of another width were taken";
  } catch (const ShapeError& error) {
    EXPECT_THAT(error.what(), HasSubstr("expected features [B, 8], got [2, 9]"));
  }
}

// Answers for every token, as a vocabulary or a segmenter does.
class EveryToken final : public Head {
 public:
  EveryToken() : Head(32, 2) { weight = register_parameter("weight", random_tensor({2, 32}, 1)); }
  bool reads_rows() const override { return false; }
  at::Tensor weight;
  mutable nn::Layout seen;

 protected:
  at::Tensor frozen(const at::Tensor& tokens, nn::Context& context) const override {
    seen = context.layout;
    return at::linear(tokens, weight);
  }
};

TEST(Head, ReadsARowAnExampleOrAllThatTheTowerGives) {
  const torch::NoGradGuard no_grad;
  const auto model = tiny_vit();
  auto& tower = model->reader();
  nn::Context context;
  const auto value = tower.run({tiny_images(2)}, 0, 3, context);
  Random random(1);
  LinearHead rows(32, 2, HeadInit::normal, random);
  EXPECT_TRUE(at::equal(rows.answer(tower, value, context), rows.forward(tower.rows(value), context)));
  EveryToken all;
  EXPECT_EQ(all.kind(), HeadKind::own);
  EXPECT_TRUE(at::equal(all.answer(tower, value, context), at::linear(value.x, all.weight)));
  EXPECT_EQ(all.seen.begin(nn::TokenKind::patch), 3);  // behind the class token and two registers
  EXPECT_EQ(context.layout.total(), 0);                // the caller's own says nothing of rows
}

TEST(Head, OneThatIsATasksOwnHasANameButIsNotToChooseFrom) {
  EXPECT_EQ(to_string(HeadKind::own), "own");
  for (const auto& [kind, name] : choices(HeadKind())) {
    EXPECT_NE(kind, HeadKind::own);
    EXPECT_EQ(to_string(kind), name);
  }
}

}  // namespace
}  // namespace graft::models
