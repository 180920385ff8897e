#include "graft/tensor/frozen_linear.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/kernels.h"
#include "tests/tensor/finite_differences.h"

namespace graft::tensor {
namespace {

constexpr Activation kActivations[] = {Activation::none,      Activation::relu,       Activation::gelu,
                                       Activation::gelu_tanh, Activation::quick_gelu, Activation::silu};

// Rounding of a sum of `in` products in float32 is far below this share of the largest output; bf16 storage of x, of
// the saved pre-activation and of the result rounds to 2^-9.
constexpr double kFloatError = 2e-6, kBf16Error = 8e-3;

struct Sizes {
  int64_t rows, in, out;
};
// One row, one feature, widths that fill no vector, and one that takes several blocks of rows and stripes.
constexpr Sizes kSizes[] = {{1, 1, 1}, {1, 7, 33}, {5, 48, 16}, {13, 130, 19}, {7, 401, 47}, {700, 197, 35}};

std::vector<LowRank> two_branches(int64_t in, int64_t out) {
  const auto rows = std::max<int64_t>(out / 3, 1);
  return {{torch::randn({3, in}), torch::randn({rows, 3}), 0.5, 0},
          {torch::randn({std::min<int64_t>(17, in), in}), torch::randn({rows, std::min<int64_t>(17, in)}), -0.25,
           out - rows}};
}

struct Outcome {
  at::Tensor y, dx, dbias;
  std::vector<at::Tensor> branches;
};

Outcome run(const FrozenLinear& linear, const at::Tensor& x, const std::vector<LowRank>& branches,
            Activation activation) {
  const auto leaf = x.detach().clone().requires_grad_(true);
  std::vector<LowRank> trained;
  std::vector<at::Tensor> inputs{leaf};
  for (const auto& branch : branches) {
    trained.push_back(
        {branch.a.clone().requires_grad_(true), branch.b.clone().requires_grad_(true), branch.scale, branch.begin});
    inputs.insert(inputs.end(), {trained.back().a, trained.back().b});
  }
  const bool bias = linear.bias() && linear.bias()->requires_grad();
  if (bias) inputs.push_back(*linear.bias());
  Outcome outcome;
  outcome.y = linear.forward_low_rank(leaf, trained, activation);
  const auto weights = torch::linspace(-1, 1, outcome.y.numel()).view_as(outcome.y).to(outcome.y.scalar_type());
  auto gradients = torch::autograd::grad({(outcome.y * weights).sum()}, inputs);
  outcome.dx = gradients[0];
  if (bias) outcome.dbias = gradients.back();
  outcome.branches.assign(gradients.begin() + 1, gradients.begin() + 1 + 2 * static_cast<int64_t>(branches.size()));
  outcome.y = outcome.y.detach();
  return outcome;
}

Outcome run_plain(const FrozenLinear& linear, const at::Tensor& x, const std::vector<LowRank>& branches,
                  Activation activation) {
  UseKernels plain(Kernels::plain);
  return run(linear, x, branches, activation);
}

void expect_close(const Outcome& got, const Outcome& want, double tolerance) {
  EXPECT_LT(relative_error(got.y, want.y), tolerance);
  EXPECT_LT(relative_error(got.dx, want.dx), tolerance) << "gradient of x";
  if (want.dbias.defined()) {
    EXPECT_LT(relative_error(got.dbias, want.dbias), tolerance) << "gradient of the bias";
  }
  for (size_t i = 0; i < want.branches.size(); ++i) {
    EXPECT_LT(relative_error(got.branches[i], want.branches[i]), tolerance) << "gradient of branch tensor " << i;
  }
}

TEST(FrozenLinear, EqualsThePlainPathAtOddSizes) {
  torch::manual_seed(1);
  for (const auto& s : kSizes) {
    SCOPED_TRACE(fmt::format("{} x {} -> {}", s.rows, s.in, s.out));
    const auto x = torch::randn({s.rows, s.in});
    const FrozenLinear linear(torch::randn({s.out, s.in}), torch::randn({s.out}), Precision::fp32);
    expect_close(run(linear, x, {}, Activation::none), run_plain(linear, x, {}, Activation::none), kFloatError);
  }
}

TEST(FrozenLinear, LowRankBranchesEqualThePlainPathAtOddSizes) {
  torch::manual_seed(2);
  for (const auto& s : kSizes) {
    SCOPED_TRACE(fmt::format("{} x {} -> {}", s.rows, s.in, s.out));
    const auto x = torch::randn({s.rows, s.in});
    const auto branches = two_branches(s.in, s.out);
    const FrozenLinear linear(torch::randn({s.out, s.in}), std::nullopt, Precision::fp32);
    // The sums over the rows for A and B are as long as the batch.
    expect_close(run(linear, x, branches, Activation::gelu), run_plain(linear, x, branches, Activation::gelu), 1e-5);
  }
}

TEST(FrozenLinear, EveryActivationEqualsItsPlainForm) {
  torch::manual_seed(3);
  const auto x = torch::randn({9, 31});
  for (const auto activation : kActivations) {
    SCOPED_TRACE(to_string(activation));
    const FrozenLinear linear(torch::randn({21, 31}), torch::randn({21}), Precision::fp32);
    expect_close(run(linear, x, {}, activation), run_plain(linear, x, {}, activation), kFloatError);
  }
}

TEST(FrozenLinear, Bf16RoundsTheWeightAndCarriesBf16) {
  torch::manual_seed(4);
  const auto weight = torch::randn({35, 130});
  const FrozenLinear linear(weight, torch::randn({35}), Precision::bf16);
  EXPECT_TRUE(torch::equal(linear.weight(), weight.to(at::kBFloat16).to(at::kFloat)));
  for (const auto activation : {Activation::none, Activation::gelu, Activation::quick_gelu}) {
    SCOPED_TRACE(to_string(activation));
    const auto x = torch::randn({13, 130});
    const auto branches = two_branches(130, 35);
    const auto exact = run_plain(linear, x, branches, activation);
    // Float32 in: only the weight is bf16, or x as well where the processor multiplies bf16.
    const bool product_of_bf16 = fast_kernels() && fast_kernels()->product_of_bf16;
    expect_close(run(linear, x, branches, activation), exact, product_of_bf16 ? kBf16Error : 1e-5);
    const auto carried = run(linear, x.to(at::kBFloat16), branches, activation);
    EXPECT_EQ(carried.y.scalar_type(), at::kBFloat16);
    EXPECT_EQ(carried.dx.scalar_type(), at::kBFloat16);
    expect_close(carried, exact, kBf16Error);
  }
}

TEST(FrozenLinear, Int8StaysNearTheWeightThatItHolds) {
  torch::manual_seed(5);
  const auto weight = torch::randn({35, 131});
  const FrozenLinear linear(weight, torch::randn({35}), Precision::int8);
  const auto step = weight.abs().amax(1, true) / 127;
  EXPECT_LE(((linear.weight() - weight).abs() / step).max().item<double>(), 0.5001);
  const auto x = torch::randn({13, 131});
  const auto branches = two_branches(131, 35);
  // Activations have 8 bits where the processor multiplies bytes: rounding is at most a 512th of a row's range, twice
  // for the gradient of x. Elsewhere at least 11 bits and a sign: 2^-12 of the largest in a row. Both average out.
  const bool bytes = fast_kernels() && fast_kernels()->product_of_bytes;
  expect_close(run(linear, x, branches, Activation::gelu), run_plain(linear, x, branches, Activation::gelu),
               bytes ? 4e-2 : 1e-3);
}

TEST(FrozenLinear, Int8ProductOfWholeNumbersIsExact) {
  torch::manual_seed(6);
  for (const int64_t in : {1, 2, 97, 1024, 1537}) {
    auto weight = torch::randint(-127, 128, {19, in}).to(at::kFloat);
    weight.select(1, 0).fill_(127);  // so that the scale of every row is one
    const FrozenLinear linear(weight, std::nullopt, Precision::int8);
    ASSERT_TRUE(torch::equal(linear.weight(), weight));
    const bool bytes = fast_kernels() && fast_kernels()->product_of_bytes;
    // Rows whose range makes the scale of every token one.
    const auto limit = bytes ? 155 : std::min<int64_t>(32767, 2147483647 / (127 * (in + in % 2)));
    const auto lowest = bytes ? limit - 255 : -limit;
    auto x = torch::randint(lowest, limit + 1, {11, in}).to(at::kFloat);
    x.select(1, 0).fill_(static_cast<float>(in == 1 && bytes ? 255 : lowest));
    if (in > 1) x.select(1, in - 1).fill_(static_cast<float>(limit));
    const auto exact =
        torch::linear(x.to(at::kDouble), weight.to(at::kDouble)).to(at::kFloat);  // rounded once, at the end
    // Sums of bytes get their zero point back in float32: one more rounding.
    EXPECT_LE(relative_error(linear.forward(x), exact), bytes ? 1e-7 : 0) << in << " products";
  }
}

TEST(FrozenLinear, ATrainedBiasGetsItsGradient) {
  torch::manual_seed(7);
  for (const auto activation : {Activation::none, Activation::silu}) {
    const FrozenLinear linear(torch::randn({21, 40}), torch::randn({21}).requires_grad_(true), Precision::fp32);
    const auto x = torch::randn({3, 50, 40});
    // The weights of the loss run from -1 to 1, so that the sum over the rows cancels to a small bias gradient.
    expect_close(run(linear, x, {}, activation), run_plain(linear, x, {}, activation), 1e-4);
  }
}

TEST(FrozenLinear, PlainGradientsAreThoseOfDifferences) {
  torch::manual_seed(8);
  const auto weight = torch::randn({4, 3}, at::kDouble);
  for (const auto activation :
       {Activation::none, Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu, Activation::silu}) {
    SCOPED_TRACE(to_string(activation));
    expect_gradients_of_differences(
        [&](const std::vector<at::Tensor>& v) {
          return FrozenLinear(weight, v[1], Precision::fp32).forward_low_rank(v[0], {{v[2], v[3], 0.7, 1}}, activation);
        },
        {torch::randn({2, 3}, at::kDouble), torch::randn({4}, at::kDouble), torch::randn({2, 3}, at::kDouble),
         torch::randn({3, 2}, at::kDouble)});
  }
}

TEST(FrozenLinear, ARowDoesNotDependOnItsBatchNorOnThreads) {
  torch::manual_seed(9);
  const auto x = torch::randn({523, 300});
  const auto branches = two_branches(300, 70);
  const int threads = at::get_num_threads();
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    SCOPED_TRACE(to_string(precision));
    const FrozenLinear linear(torch::randn({70, 300}), std::nullopt, precision);
    const auto all = run(linear, x, branches, Activation::gelu);
    EXPECT_TRUE(torch::equal(linear.forward_low_rank(x.slice(0, 101, 108), branches, Activation::gelu),
                             all.y.slice(0, 101, 108)));
    at::set_num_threads(1);
    const auto alone = run(linear, x, branches, Activation::gelu);
    at::set_num_threads(threads);
    EXPECT_TRUE(torch::equal(alone.y, all.y));
    EXPECT_TRUE(torch::equal(alone.dx, all.dx));
    for (size_t i = 0; i < all.branches.size(); ++i)
      EXPECT_TRUE(torch::equal(alone.branches[i], all.branches[i])) << i;
  }
}

TEST(FrozenLinear, KeepsNoInputAndPacksItsTransposeOnlyWhenAsked) {
  const FrozenLinear linear(torch::randn({32, 64}), std::nullopt, Precision::fp32);
  const auto packed = linear.bytes();
  EXPECT_EQ(packed, 32 * 64 * 4);
  auto x = torch::randn({5, 64}).requires_grad_(true);
  auto y = linear.forward(x);
  EXPECT_EQ(linear.bytes(), packed);
  EXPECT_EQ(x.storage().use_count(), 1u);  // the graph does not hold it
  y.sum().backward();
  EXPECT_EQ(linear.bytes(), 2 * packed);
}

TEST(FrozenLinear, OfABigWeightNoTransposeIsKept) {
  const int64_t in = 1030, out = 1026;  // in int8 more than a MiB, and no whole panels
  const auto x = torch::randn({3, in}).requires_grad_(true), g = torch::randn({3, out});
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    const FrozenLinear linear(torch::randn({out, in}), std::nullopt, precision);
    const auto packed = linear.bytes();
    for (int i = 0; i < 2; ++i) {
      const auto dx = torch::autograd::grad({linear.forward(x)}, {x}, {g})[0];
      EXPECT_LT(relative_error(dx, at::matmul(g, linear.weight())), precision == Precision::fp32 ? 1e-5 : 0.02);
    }
    EXPECT_LT(linear.bytes(), packed + out * in / 8) << to_string(precision);
  }
}

TEST(FrozenLinear, AnEmptyBatchGivesAnEmptyResult) {
  const FrozenLinear linear(torch::randn({5, 3}), std::nullopt, Precision::fp32);
  EXPECT_EQ(linear.forward(torch::randn({0, 3})).sizes(), (at::IntArrayRef{0, 5}));
}

TEST(FrozenLinear, RefusesWhatDoesNotFit) {
  const FrozenLinear linear(torch::randn({5, 3}), std::nullopt, Precision::fp32);
  EXPECT_THROW(linear.forward(torch::randn({2, 4})), ShapeError);
  EXPECT_THROW(linear.forward_low_rank(torch::randn({2, 3}), {{torch::randn({2, 3}), torch::randn({5, 1})}}),
               ShapeError);
  EXPECT_THROW(linear.forward_low_rank(torch::randn({2, 3}), {{torch::randn({2, 3}), torch::randn({5, 2}), 1, 1}}),
               ShapeError);
  EXPECT_THROW(FrozenLinear(torch::randn({5}), std::nullopt, Precision::fp32), ShapeError);
  EXPECT_THROW(FrozenLinear(torch::randn({5, 3}), torch::randn({3}), Precision::fp32), ShapeError);
}

}  // namespace
}  // namespace graft::tensor
