#include "graft/nn/block.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "graft/nn/transformer.h"
#include "tests/nn/inserts.h"

namespace graft::nn {
namespace {

using tensor::Precision;

constexpr int64_t kWidth = 12, kHidden = 20, kHeads = 3;

// Bottlenecks: parallel, reading the norm, reading the normed sum.
constexpr std::tuple<bool, bool, bool> kWays[] = {
    {false, false, false}, {true, false, false}, {true, true, false}, {false, false, true}};

struct Weights {
  at::Tensor qkv = torch::randn({3 * kWidth, kWidth}) * 0.3, qkv_bias = torch::randn({3 * kWidth}) * 0.1;
  at::Tensor proj = torch::randn({kWidth, kWidth}) * 0.3, proj_bias = torch::randn({kWidth}) * 0.1;
  at::Tensor fc1 = torch::randn({kHidden, kWidth}) * 0.3, fc1_bias = torch::randn({kHidden}) * 0.1;
  at::Tensor fc2 = torch::randn({kWidth, kHidden}) * 0.3, fc2_bias = torch::randn({kWidth}) * 0.1;
  at::Tensor norm = torch::rand({kWidth}) + 0.5, norm_bias = torch::randn({kWidth}) * 0.1;
  at::Tensor scale = torch::rand({kWidth}) + 0.5;
};

std::shared_ptr<Block> make(const Weights& w, bool causal, bool scaled, bool norm_first = true) {
  const auto linear = [](const at::Tensor& weight, const at::Tensor& bias) {
    return std::make_shared<Linear>(Site{}, weight.clone(), bias.clone(), Precision::fp32);
  };
  const auto norm = [&] {
    return std::make_shared<LayerNorm>(w.norm.clone(), w.norm_bias.clone(), 1e-5, Precision::fp32);
  };
  BlockParts parts;
  parts.norm1 = norm();
  parts.norm2 = norm();
  parts.qkv = linear(w.qkv, w.qkv_bias);
  parts.proj = linear(w.proj, w.proj_bias);
  parts.fc1 = linear(w.fc1, w.fc1_bias);
  parts.fc2 = linear(w.fc2, w.fc2_bias);
  if (scaled) parts.scale1 = parts.scale2 = w.scale.clone();
  parts.heads = kHeads;
  parts.causal = causal;
  parts.norm_first = norm_first;
  return std::make_shared<Block>(std::move(parts), Site{}, Site{});
}

// The block in ATen's own operations.
at::Tensor reference(const Weights& w, const at::Tensor& x, bool causal, bool scaled, bool norm_first) {
  const auto norm_of = [&](const at::Tensor& u) { return at::layer_norm(u, {kWidth}, w.norm, w.norm_bias); };
  const auto norm = [&](const at::Tensor& u) { return norm_first ? norm_of(u) : u; };
  const auto norm_behind = [&](const at::Tensor& u) { return norm_first ? u : norm_of(u); };
  const auto scale = scaled ? w.scale : at::ones({kWidth});
  const auto heads = [&](const at::Tensor& u) { return u.view({x.size(0), x.size(1), kHeads, -1}).transpose(1, 2); };
  const auto qkv = at::linear(norm(x), w.qkv, w.qkv_bias).chunk(3, 2);
  const auto mixed = at::scaled_dot_product_attention(heads(qkv[0]), heads(qkv[1]), heads(qkv[2]), {}, 0.0, causal);
  const auto y = norm_behind(x + scale * at::linear(mixed.transpose(1, 2).flatten(2), w.proj, w.proj_bias));
  return norm_behind(y + scale * at::linear(at::gelu(at::linear(norm(y), w.fc1, w.fc1_bias)), w.fc2, w.fc2_bias));
}

struct BlockTest : ::testing::TestWithParam<std::tuple<bool, bool, bool>> {
  BlockTest() { torch::manual_seed(6); }
  bool causal = std::get<0>(GetParam()), scaled = std::get<1>(GetParam()), norm_first = std::get<2>(GetParam());
  Weights weights;
  at::Tensor x = torch::randn({2, 7, kWidth});
  at::Tensor rows = torch::tensor({2, 6}, at::kLong);
  Context context;
};

TEST_P(BlockTest, EqualsThePlainOperations) {
  const auto block = make(weights, causal, scaled, norm_first);
  EXPECT_LT(relative_error(block->forward(x, context), reference(weights, x, causal, scaled, norm_first)), 1e-5);
}

TEST_P(BlockTest, OneRowEqualsThatRowOfAll) {
  const auto block = make(weights, causal, scaled, norm_first);
  const auto check = [&](const char* what) {
    Stream stream(x);
    const auto few = block->forward_rows(stream, rows, context);
    EXPECT_LT(relative_error(few, take_rows(block->forward(x, context), rows)), 1e-5) << what;
  };
  check("without inserts");
  // A bottleneck is asked for its rows alone, an insert that does not say what it is gets them all.
  for (const auto& [parallel, reads_norm, reads_sum] : kWays) {
    const auto adapted = make(weights, causal, scaled, norm_first);
    for (const int joint : {0, 3})
      adapted->joints()[joint]->put(std::make_shared<BottleneckInsert>(kWidth, 4, parallel, reads_norm, reads_sum));
    Stream stream(x);
    const auto few = adapted->forward_rows(stream, rows, context);
    EXPECT_LT(relative_error(few, take_rows(adapted->forward(x, context), rows)), 1e-5) << parallel << reads_norm;
  }
  block->joints()[0]->put(std::make_shared<Times>(3));
  check("an opaque insert");
}

TEST_P(BlockTest, AFusedBottleneckIsItsOwnForward) {
  for (const auto& [parallel, reads_norm, reads_sum] : kWays) {
    SCOPED_TRACE(fmt::format("parallel {}, reads the norm {}, the sum {}", parallel, reads_norm, reads_sum));
    const auto block = make(weights, causal, scaled, norm_first);
    std::vector<std::shared_ptr<BottleneckInsert>> inserts;
    for (const int joint : {0, 3}) {
      inserts.push_back(std::make_shared<BottleneckInsert>(kWidth, 4, parallel, reads_norm, reads_sum));
      block->joints()[joint]->put(inserts.back());
    }
    const auto run = [&](bool says_so) {
      std::vector<at::Tensor> inputs{x.clone().requires_grad_(true)};
      for (const auto& insert : inserts) {
        insert->says_so = says_so;
        for (const auto& parameter : insert->parameters())
          inputs.push_back(parameter);
      }
      const auto y = block->forward(inputs[0], context);
      auto results = torch::autograd::grad({(y * torch::linspace(-1, 1, y.numel()).view_as(y)).sum()}, inputs);
      results.push_back(y.detach());
      return results;
    };
    const auto fused = run(true), own = run(false);
    for (size_t i = 0; i < own.size(); ++i)
      EXPECT_LT(relative_error(fused[i], own[i]), 1e-5) << "tensor " << i;
  }
}

TEST_P(BlockTest, AnIdentityAtASubLayerChangesNothing) {
  const auto plain = make(weights, causal, scaled, norm_first), dressed = make(weights, causal, scaled, norm_first);
  for (auto* joint : dressed->joints())
    joint->put(std::make_shared<Times>(1));
  EXPECT_LT(relative_error(dressed->forward(x, context), plain->forward(x, context)), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(CausalScaledAndNormFirst, BlockTest,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool(), ::testing::Bool()));

TEST(Transformer, ARangeOfBlocksContinuesWhereAnotherEnded) {
  torch::manual_seed(7);
  const Weights first, second;
  Transformer blocks({make(first, false, true), make(second, false, false)}, {});
  const auto x = torch::randn({2, 5, kWidth});
  Context context;
  const auto whole = blocks.forward({x}, 0, 2, context).x;
  EXPECT_LT(relative_error(blocks.forward(blocks.forward({x}, 0, 1, context), 1, 2, context).x, whole), 1e-5);
  const auto row = [&](const Layout&) { return at::zeros({2}, at::kLong); };
  EXPECT_LT(relative_error(blocks.forward_rows({x}, 0, row, context), whole.narrow(1, 0, 1)), 1e-5);
}

}  // namespace
}  // namespace graft::nn
