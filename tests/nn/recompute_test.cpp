#include "graft/nn/recompute.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/nn/block.h"
#include "tests/nn/inserts.h"

namespace graft::nn {
namespace {

constexpr int64_t kWidth = 12, kHidden = 20;

std::shared_ptr<Block> make_block(tensor::Precision precision, bool norm_first) {
  const auto linear = [&](int64_t out, int64_t in) {
    return std::make_shared<Linear>(Site{}, torch::randn({out, in}) * 0.3, torch::randn({out}) * 0.1, precision);
  };
  const auto norm = [&] {
    return std::make_shared<LayerNorm>(torch::rand({kWidth}) + 0.5, torch::randn({kWidth}) * 0.1, 1e-5, precision);
  };
  BlockParts parts;
  parts.norm1 = norm();
  parts.norm2 = norm();
  parts.qkv = linear(3 * kWidth, kWidth);
  parts.proj = linear(kWidth, kWidth);
  parts.fc1 = linear(kHidden, kWidth);
  parts.fc2 = linear(kWidth, kHidden);
  parts.heads = 3;
  parts.norm_first = norm_first;
  return std::make_shared<Block>(std::move(parts), Site{}, Site{});
}

// A low-rank branch whose input is dropped out; it does not say what it is.
struct Dropped : LowRankInsert {
  using LowRankInsert::LowRankInsert;
  at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context& context) const override {
    const auto keep = at::empty(x.sizes(), x.options()).bernoulli_(0.5, context.generator);
    return LowRankInsert::forward(x, frozen, context) + at::linear(at::linear(x * keep, a), b);
  }
  Form form() const override { return Opaque{}; }
};

struct RecomputeTest : ::testing::TestWithParam<std::tuple<tensor::Precision, bool>> {
  RecomputeTest() {
    torch::manual_seed(8);
    for (int k = 0; k < 3; ++k)
      blocks.push_back(make_block(std::get<0>(GetParam()), std::get<1>(GetParam())));
    x = torch::randn({2, 7, kWidth});
    weighing = torch::randn({2, 7, kWidth});
  }

  void put(int block, int joint, std::shared_ptr<Insert> insert) {
    for (const auto& parameter : insert->parameters())
      trained.push_back(parameter);
    blocks[block]->joints()[joint]->put(std::move(insert));
  }

  struct Outcome {
    at::Tensor y;
    std::vector<at::Tensor> gradients;  // of what trains, then of x
    at::Tensor next_draw;
  };
  // Two steps' worth of gradients, one upon the other.
  Outcome run(bool again, bool x_trains) {
    const auto input = x.clone().requires_grad_(x_trains);
    for (auto& parameter : trained)
      parameter.mutable_grad() = at::Tensor();
    Context context{.training = true, .generator = at::make_generator<at::CPUGeneratorImpl>(5)};
    Outcome outcome;
    for (int step = 0; step < 2; ++step) {
      Stream stream(input);
      for (const auto& block : blocks)
        again ? forward_to_rerun(block, stream, context) : block->forward(stream, context);
      outcome.y = stream.value();
      (outcome.y * weighing).sum().backward();
    }
    for (const auto& parameter : trained)
      outcome.gradients.push_back(parameter.grad());
    if (x_trains) outcome.gradients.push_back(input.grad());
    outcome.next_draw = at::rand({4}, context.generator);
    return outcome;
  }

  void expect_same_bits(bool x_trains) {
    const auto kept = run(false, x_trains), made_again = run(true, x_trains);
    EXPECT_TRUE(at::equal(kept.y, made_again.y));
    EXPECT_TRUE(at::equal(kept.next_draw, made_again.next_draw));
    ASSERT_EQ(kept.gradients.size(), made_again.gradients.size());
    for (size_t i = 0; i < kept.gradients.size(); ++i) {
      ASSERT_TRUE(kept.gradients[i].defined()) << i;
      EXPECT_TRUE(at::equal(kept.gradients[i], made_again.gradients[i])) << i;
    }
  }

  std::vector<std::shared_ptr<Block>> blocks;
  std::vector<at::Tensor> trained;
  at::Tensor x, weighing;
};

TEST_P(RecomputeTest, GradientsOfFusedBranchesAreTheSameBits) {
  put(0, 1, std::make_shared<LowRankInsert>(kWidth, 3 * kWidth, 2, 0.5));
  put(1, 5, std::make_shared<LowRankInsert>(kHidden, kWidth, 2, 0.5));
  put(2, 1, std::make_shared<LowRankInsert>(kWidth, 3 * kWidth, 2, 0.5));
  expect_same_bits(false);
  expect_same_bits(true);
}

TEST_P(RecomputeTest, DropoutDrawsTheSameNumbersAndNoneMore) {
  put(0, 1, std::make_shared<Dropped>(kWidth, 3 * kWidth, 2, 0.5));
  put(1, 4, std::make_shared<Dropped>(kWidth, kHidden, 2, 0.5));
  put(2, 2, std::make_shared<Dropped>(kWidth, kWidth, 2, 0.5));
  expect_same_bits(false);
}

TEST_P(RecomputeTest, ParametersOfTheBlockItselfTrainTheSame) {
  for (const char* name : {"norm1.weight", "attn.qkv.bias", "norm2.bias", "mlp.fc2.bias", "mlp.fc1.weight"}) {
    for (const auto& block : blocks)
      trained.push_back(block->named_parameters()[name].requires_grad_(true));
  }
  expect_same_bits(true);
}

TEST_P(RecomputeTest, AnInsertInTheSecondHalfLeavesTheFirstWithoutGradients) {
  put(1, 5, std::make_shared<LowRankInsert>(kHidden, kWidth, 2, 0.5));
  put(2, 3, std::make_shared<Times>(1.5));
  expect_same_bits(false);
}

TEST_P(RecomputeTest, ABlockBelowAllThatTrainsIsNotRunAgain) {
  put(2, 1, std::make_shared<LowRankInsert>(kWidth, 3 * kWidth, 2, 0.5));
  struct Counting : Insert {
    mutable int calls = 0;
    at::Tensor forward(const at::Tensor& u, const Frozen& frozen, const Context&) const override {
      ++calls;
      return frozen(u);
    }
  };
  const auto below = std::make_shared<Counting>(), within = std::make_shared<Counting>();
  blocks[0]->joints()[0]->put(below);
  blocks[2]->joints()[0]->put(within);
  run(true, false);
  EXPECT_EQ(below->calls, 2);   // two steps
  EXPECT_EQ(within->calls, 4);  // and twice again
}

INSTANTIATE_TEST_SUITE_P(PrecisionsAndNorms, RecomputeTest,
                         ::testing::Combine(::testing::Values(tensor::Precision::fp32, tensor::Precision::bf16,
                                                              tensor::Precision::int8),
                                            ::testing::Bool()),
                         [](const auto& info) {
                           return std::string(to_string(std::get<0>(info.param))) +
                                  (std::get<1>(info.param) ? "NormFirst" : "NormBehind");
                         });

}  // namespace
}  // namespace graft::nn
