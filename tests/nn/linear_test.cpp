#include "graft/nn/linear.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "tests/nn/inserts.h"

namespace graft::nn {
namespace {

using tensor::Activation;
using tensor::Precision;

constexpr int64_t kIn = 12, kOut = 18;

struct LinearTest : ::testing::Test {
  LinearTest() { torch::manual_seed(3); }
  Linear make(Precision precision = Precision::fp32) { return Linear({}, weight.clone(), bias.clone(), precision); }

  at::Tensor weight = torch::randn({kOut, kIn}), bias = torch::randn({kOut}), x = torch::randn({2, 5, kIn});
  Context context;
};

TEST_F(LinearTest, WithoutInsertsIsThePlainMap) {
  auto linear = make();
  EXPECT_LT(relative_error(linear.forward(x, context), at::linear(x, weight, bias)), 1e-6);
  EXPECT_LT(relative_error(linear.forward(x, context, Activation::gelu), at::gelu(at::linear(x, weight, bias))), 1e-6);
}

TEST_F(LinearTest, FusedLowRankEqualsItsOwnForward) {
  const Slice value{"v", 12, 18, ""};
  for (const auto precision : {Precision::fp32, Precision::bf16}) {
    auto fused = make(precision), opaque = make(precision);
    const auto whole = std::make_shared<LowRankInsert>(kIn, kOut, 3, 0.5);
    const auto slice = std::make_shared<LowRankInsert>(kIn, 6, 2, 2);
    for (auto* linear : {&fused, &opaque}) {
      linear->joint().put(whole);
      linear->joint().put(slice, &value);
    }
    const auto y = to_stream(fused.forward(x, context, Activation::quick_gelu));
    whole->says_so = slice->says_so = false;
    const auto reference = to_stream(opaque.forward(x, context, Activation::quick_gelu));
    const double tolerance = precision == Precision::fp32 ? 1e-6 : 0.02;  // bfloat16 keeps 8 bits
    EXPECT_LT(relative_error(y, reference), tolerance) << to_string(precision);
  }
}

TEST_F(LinearTest, FusedAffineEqualsItsOwnForward) {
  const Slice value{"v", 12, 18, ""};
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    for (const bool layer_scale : {false, true}) {
      SCOPED_TRACE(to_string(precision));
      auto linear = make(precision);
      if (layer_scale) linear.set_layer_scale(torch::rand({kOut}) + 0.5);
      const auto low_rank = std::make_shared<LowRankInsert>(kIn, kOut, 3, 0.5);
      const auto whole = std::make_shared<AffineInsert>(kOut), slice = std::make_shared<AffineInsert>(6);
      linear.joint().put(low_rank);
      linear.joint().put(whole);
      linear.joint().put(slice, &value);
      const auto run = [&] {
        const auto input = x.clone().requires_grad_(true);
        auto y = to_stream(linear.forward(input, context, Activation::gelu));
        const auto way = torch::linspace(-1, 2, y.numel()).view_as(y);
        auto results = torch::autograd::grad({(y * way).sum()}, {input, low_rank->a, low_rank->b, whole->scale,
                                                                 whole->shift, slice->scale, slice->shift});
        results.push_back(y.detach());
        return results;
      };
      const auto got = run();
      low_rank->says_so = whole->says_so = slice->says_so = false;
      const auto want = run();
      for (size_t i = 0; i < want.size(); ++i)
        EXPECT_LT(relative_error(got[i], want[i]), precision == Precision::fp32 ? 1e-5 : 0.03) << "tensor " << i;
    }
  }
}

TEST_F(LinearTest, ALowRankBranchAroundAnAffineMapTakesItsOwnForward) {
  auto linear = make();
  const auto affine = std::make_shared<AffineInsert>(kOut);
  const auto low_rank = std::make_shared<LowRankInsert>(kIn, kOut, 3, 0.5);
  linear.joint().put(affine);
  linear.joint().put(low_rank);
  const auto want = at::linear(x, weight, bias) * affine->scale + affine->shift +
                    0.5 * at::linear(at::linear(x, low_rank->a), low_rank->b);
  EXPECT_LT(relative_error(linear.forward(x, context), want), 1e-6);
}

TEST_F(LinearTest, LayerScaleIsTheSameFoldedFusedAndBehind) {
  const auto scale = torch::rand({kOut}) + 0.5;
  const auto insert = std::make_shared<LowRankInsert>(kIn, kOut, 3, 0.5);
  const auto changed = at::linear(x, weight, bias) + 0.5 * at::linear(at::linear(x, insert->a), insert->b);
  auto empty = make(), fused = make(), opaque = make();
  for (auto* linear : {&empty, &fused, &opaque})
    linear->set_layer_scale(scale);
  EXPECT_LT(relative_error(empty.forward(x, context), at::linear(x, weight, bias) * scale), 1e-6);
  fused.joint().put(insert);
  EXPECT_LT(relative_error(fused.forward(x, context), changed * scale), 1e-6);
  insert->says_so = false;
  opaque.joint().put(insert);
  EXPECT_LT(relative_error(opaque.forward(x, context), changed * scale), 1e-6);
  scale.mul_(2);  // trained meanwhile: what was packed is stale
  EXPECT_LT(relative_error(empty.forward(x, context), at::linear(x, weight, bias) * scale), 1e-6);
}

TEST_F(LinearTest, DropoutTakesTheInsertsOwnForwardWhileTraining) {
  struct Dropped : LowRankInsert {
    using LowRankInsert::LowRankInsert;
    Form form() const override { return LowRank{a, b, scale, 0.5}; }
    at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context&) const override {
      return frozen(x) * 0;
    }
  };
  auto linear = make();
  linear.joint().put(std::make_shared<Dropped>(kIn, kOut, 2, 1.0));
  context.training = true;
  EXPECT_EQ(linear.forward(x, context).abs().max().item<double>(), 0);
  context.training = false;
  EXPECT_GT(linear.forward(x, context).abs().max().item<double>(), 0);
}

TEST_F(LinearTest, AWeightThatTrainsGetsItsGradientAndIsPackedAnewAtRest) {
  auto linear = make(Precision::bf16);
  linear.forward(x, context);
  linear.parameters()[0].requires_grad_(true);
  linear.forward(x, context).sum().backward();
  const auto gradient = linear.weight().grad();
  ASSERT_TRUE(gradient.defined());
  EXPECT_EQ(gradient.scalar_type(), at::kFloat);
  EXPECT_LT(relative_error(gradient, x.sum({0, 1}).expand({kOut, kIn})), 0.02);  // bfloat16
  {
    const torch::NoGradGuard no_grad;
    linear.parameters()[0].sub_(gradient);
  }
  linear.parameters()[0].requires_grad_(false);
  const auto y = to_stream(linear.forward(x, context));
  EXPECT_LT(relative_error(y, at::linear(x, linear.weight(), bias)), 0.02);  // bfloat16
}

// As under autocast: both factors are rounded, the weight itself is not.
TEST_F(LinearTest, AWeightThatTrainsIsMultipliedInThePrecisionOfFrozenOnes) {
  const auto rounded = [](const at::Tensor& t) { return t.to(at::kBFloat16).to(at::kFloat); };
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    auto linear = make(precision);
    linear.parameters()[0].requires_grad_(true);
    const bool short_numbers = precision != Precision::fp32 && tensor::multiplies_bf16();
    const auto y = linear.forward(x, context);
    EXPECT_EQ(y.scalar_type(), short_numbers ? at::kBFloat16 : at::kFloat);
    const auto expected = short_numbers ? at::linear(rounded(x), rounded(linear.weight()), rounded(bias))
                                        : at::linear(x, linear.weight(), bias);
    EXPECT_LT(relative_error(to_stream(y), expected), short_numbers ? 0.005 : 1e-6);
    y.sum().backward();
    EXPECT_LT(relative_error(linear.weight().grad(), x.sum({0, 1}).expand({kOut, kIn})), short_numbers ? 0.02 : 1e-5);
    EXPECT_TRUE(at::equal(linear.weight(), weight));
  }
}

TEST_F(LinearTest, ABiasThatTrainsGetsItsGradientBesideAPackedWeight) {
  auto linear = make();
  linear.set_layer_scale(at::full({kOut}, 2.0));
  linear.parameters()[1].requires_grad_(true);
  linear.forward(x, context).sum().backward();
  EXPECT_LT(relative_error(linear.bias().grad(), at::full({kOut}, 20.0)), 1e-6);  // 10 rows times the scale
}

TEST_F(LinearTest, AssignedValuesAreUsedAtOnce) {
  auto linear = make();
  linear.forward(x, context);
  const auto other = torch::randn({kOut, kIn});
  linear.assign(other, bias + 1);
  EXPECT_LT(relative_error(linear.forward(x, context), at::linear(x, other, bias + 1)), 1e-6);
}

TEST_F(LinearTest, Float64StaysFloat64) {
  auto linear = make(Precision::bf16);
  linear.to(torch::kFloat64);
  const auto y = linear.forward(x.to(torch::kFloat64), context);
  EXPECT_EQ(y.scalar_type(), at::kDouble);
  EXPECT_LT(relative_error(y, at::linear(x.to(torch::kFloat64), linear.weight(), linear.bias())), 1e-12);
}

}  // namespace
}  // namespace graft::nn
