#include "graft/tensor/attention.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/precision.h"
#include "tests/tensor/finite_differences.h"

namespace graft::tensor {
namespace {

struct Outcome {
  at::Tensor y;
  std::vector<at::Tensor> gradients;
};

Outcome run(std::vector<at::Tensor> own, int64_t heads, AttentionOptions options) {
  for (auto& t : own)
    t = t.detach().clone().requires_grad_(true);
  auto inputs = own;
  if (options.extra_keys.defined()) {
    options.extra_keys = options.extra_keys.clone().requires_grad_(true);
    options.extra_values = options.extra_values.clone().requires_grad_(true);
    inputs.insert(inputs.end(), {options.extra_keys, options.extra_values});
  }
  const auto y =
      own.size() == 1 ? attention(own[0], heads, options) : attention(own[0], own[1], own[2], heads, options);
  const auto weights = torch::linspace(-1, 1, y.numel()).view_as(y).to(y.scalar_type());
  return {y.detach(), torch::autograd::grad({(y * weights).sum()}, inputs)};
}

// float32 differs by the order of its sums; a short one has errors of a few 1e-7 of the largest result.
void expect_as_plain(const std::vector<at::Tensor>& own, int64_t heads, const AttentionOptions& options,
                     double tolerance = 5e-6) {
  const auto got = run(own, heads, options);
  UseKernels plain(Kernels::plain);
  auto floats = own;
  for (auto& t : floats)
    t = t.to(at::kFloat);
  const auto want = run(floats, heads, options);
  EXPECT_LT(relative_error(got.y, want.y), tolerance);
  for (size_t i = 0; i < want.gradients.size(); ++i) {
    EXPECT_LT(relative_error(got.gradients[i], want.gradients[i]), tolerance) << "gradient " << i;
  }
}

TEST(Attention, EqualsThePlainPathAtOddSizes) {
  torch::manual_seed(1);
  // One token, one head, one number a head, heads wider than a panel, and more queries than a block.
  for (const auto [images, tokens, heads, width] : std::vector<std::array<int64_t, 4>>{{1, 1, 1, 1},
                                                                                       {2, 3, 1, 5},
                                                                                       {1, 16, 2, 16},
                                                                                       {2, 17, 3, 20},
                                                                                       {1, 50, 2, 64},
                                                                                       {1, 197, 1, 33},
                                                                                       {2, 257, 2, 64}}) {
    SCOPED_TRACE(fmt::format("{} images, {} tokens, {} heads of {}", images, tokens, heads, width));
    expect_as_plain({torch::randn({images, tokens, 3 * heads * width})}, heads, {});
  }
}

TEST(Attention, Bf16EqualsThePlainPathToItsRounding) {
  torch::manual_seed(2);
  expect_as_plain({torch::randn({2, 33, 3 * 48}).to(at::kBFloat16)}, 3, {}, 2e-2);
}

TEST(Attention, CausalEqualsThePlainPath) {
  torch::manual_seed(3);
  for (const int64_t tokens : {1, 5, 40, 100}) {
    SCOPED_TRACE(tokens);
    expect_as_plain({torch::randn({2, tokens, 3 * 24})}, 2, {.causal = true});
  }
}

TEST(Attention, CausalLooksBackFromTheEndWhenQueriesAreFewer) {
  torch::manual_seed(4);
  expect_as_plain({torch::randn({2, 4, 24}), torch::randn({2, 23, 24}), torch::randn({2, 23, 24})}, 2,
                  {.causal = true});
}

TEST(Attention, MasksOfEveryShapeEqualThePlainPath) {
  torch::manual_seed(5);
  const auto qkv = torch::randn({2, 19, 3 * 24});
  auto padding = torch::ones({2, 1, 1, 19}, at::kBool);
  padding.slice(3, 13).fill_(false);
  expect_as_plain({qkv}, 2, {.mask = padding});
  expect_as_plain({qkv}, 2, {.mask = torch::randn({19, 19})});
  expect_as_plain({qkv}, 2, {.scale = 0.3, .mask = torch::randn({2, 2, 19, 19})});
  expect_as_plain({qkv}, 2, {.causal = true, .mask = torch::randn({2, 19, 19})});
}

at::Tensor present_first(const std::vector<int64_t>& lengths, int64_t tokens) {
  return torch::arange(tokens).unsqueeze(0) < torch::tensor(lengths).unsqueeze(1);
}

TEST(Attention, PaddingEqualsThePlainPath) {
  torch::manual_seed(12);
  const auto first = present_first({19, 7, 1, 0}, 19), between = torch::randn({4, 19}) > 0;
  const auto qkv = torch::randn({4, 19, 3 * 24});
  for (const auto& present : {first, between}) {
    for (const bool causal : {false, true}) {
      expect_as_plain({qkv}, 2, {.causal = causal, .present = present});
      expect_as_plain({qkv}, 2, {.causal = causal, .mask = torch::randn({19, 19}), .present = present});
      expect_as_plain({torch::randn({4, 2, 24}), torch::randn({4, 19, 24}), torch::randn({4, 19, 24})}, 2,
                      {.causal = causal, .present = present});
      expect_as_plain({qkv}, 2,
                      {.causal = causal,
                       .extra_keys = torch::randn({4, 2, 3, 12}),
                       .extra_values = torch::randn({4, 2, 3, 12}),
                       .present = present});
    }
  }
  expect_as_plain({qkv.to(at::kBFloat16)}, 2, {.present = first}, 2e-2);
}

TEST(Attention, APaddedRowEqualsTheRowAlone) {
  torch::manual_seed(13);
  const auto qkv = torch::randn({2, 40, 3 * 24});
  const auto padded = run({qkv}, 2, {.present = present_first({40, 11}, 40)});
  const auto alone = attention(qkv.narrow(0, 1, 1).narrow(1, 0, 11), 2);
  EXPECT_LT(relative_error(padded.y[1].narrow(0, 0, 11), alone[0]), 1e-6);
  EXPECT_EQ(padded.y[1].narrow(0, 11, 29).abs().max().item<double>(), 0);
  EXPECT_EQ(padded.gradients[0][1].narrow(0, 11, 29).abs().max().item<double>(), 0);
}

TEST(Attention, ExtraKeysEqualThePlainPathAndGetGradients) {
  torch::manual_seed(6);
  const auto qkv = torch::randn({3, 18, 3 * 24});
  for (const int64_t batch : {1, 3}) {
    for (const bool causal : {false, true}) {
      SCOPED_TRACE(fmt::format("extra keys for {}, causal {}", batch, causal));
      expect_as_plain({qkv}, 2,
                      {.causal = causal,
                       .extra_keys = torch::randn({batch, 2, 5, 12}),
                       .extra_values = torch::randn({batch, 2, 5, 12})});
    }
  }
}

TEST(Attention, SeparateQueriesAndSharedKeyHeadsEqualThePlainPath) {
  torch::manual_seed(7);
  expect_as_plain({torch::randn({2, 1, 4 * 10}), torch::randn({2, 31, 4 * 10}), torch::randn({2, 31, 4 * 10})}, 4, {});
  expect_as_plain({torch::randn({2, 31, 6 * 10}), torch::randn({2, 31, 2 * 10}), torch::randn({2, 31, 2 * 10})}, 6,
                  {.causal = true});
}

TEST(Attention, StridedSlicesGiveTheSameAsCopies) {
  torch::manual_seed(8);
  const auto wide = torch::randn({2, 21, 5 * 24});
  const auto q = wide.slice(2, 0, 24), k = wide.slice(2, 48, 72), v = wide.slice(2, 96, 120);
  EXPECT_TRUE(torch::equal(attention(q, k, v, 2), attention(q.contiguous(), k.contiguous(), v.contiguous(), 2)));
}

TEST(Attention, AQueryThatSeesNothingGetsZerosOnEveryPath) {
  for (const auto kernels : {Kernels::fast, Kernels::plain}) {
    UseKernels use(kernels);
    const auto qkv = torch::randn({1, 5, 3 * 8}).requires_grad_(true);
    const auto y = attention(qkv, 1, {.mask = torch::zeros({1, 1, 1, 5}, at::kBool)});
    EXPECT_TRUE(torch::equal(y, torch::zeros_like(y)));
    y.sum().backward();
    EXPECT_TRUE(torch::equal(qkv.grad(), torch::zeros_like(qkv)));
  }
}

TEST(Attention, PlainGradientsAreThoseOfDifferences) {
  torch::manual_seed(9);
  const auto mask = torch::randn({4, 6}, at::kDouble);
  expect_gradients_of_differences(
      [&](const std::vector<at::Tensor>& v) {
        return attention(v[0], 2, {.causal = true, .mask = mask, .extra_keys = v[1], .extra_values = v[2]});
      },
      {torch::randn({1, 4, 12}, at::kDouble), torch::randn({1, 2, 2, 2}, at::kDouble),
       torch::randn({1, 2, 2, 2}, at::kDouble)});
}

TEST(Attention, TheSameBitsOnOneThreadAndOnAll) {
  torch::manual_seed(10);
  const auto qkv = torch::randn({3, 100, 3 * 32});
  const auto all = run({qkv}, 2, {});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto alone = run({qkv}, 2, {});
  at::set_num_threads(threads);
  EXPECT_TRUE(torch::equal(all.y, alone.y));
  EXPECT_TRUE(torch::equal(all.gradients[0], alone.gradients[0]));
}

TEST(Attention, RefusesWhatDoesNotFit) {
  EXPECT_THROW(attention(torch::randn({2, 3, 10}), 1), ShapeError);
  EXPECT_THROW(attention(torch::randn({2, 3, 12}), 3), ShapeError);
  EXPECT_THROW(attention(torch::randn({2, 3, 12}), 2, {.extra_keys = torch::randn({1, 2, 4, 2})}), ShapeError);
  EXPECT_THROW(attention(torch::randn({2, 3, 12}), 2,
                         {.extra_keys = torch::randn({1, 2, 4, 3}), .extra_values = torch::randn({1, 2, 4, 3})}),
               ShapeError);
}

}  // namespace
}  // namespace graft::tensor
