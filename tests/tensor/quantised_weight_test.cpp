#include "graft/tensor/quantised_weight.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/tensor/block_numbers.h"
#include "graft/tensor/few_rows.h"
#include "graft/tensor/frozen_linear.h"
#include "graft/tensor/kernels.h"
#include "graft/tensor/packed_weight.h"
#include "graft/tensor/resting.h"
#include "tests/tensor/finite_differences.h"

namespace graft::tensor {
namespace {

constexpr BlockFormat kGgufFormats[] = {BlockFormat::f32,  BlockFormat::f16,   BlockFormat::bf16, BlockFormat::q8_0,
                                        BlockFormat::q4_0, BlockFormat::q4_1,  BlockFormat::q5_0, BlockFormat::q5_1,
                                        BlockFormat::q2_k, BlockFormat::q3_k,  BlockFormat::q4_k, BlockFormat::q5_k,
                                        BlockFormat::q6_k, BlockFormat::iq4_nl};

// Where the float16 numbers of a block stand.
std::vector<int64_t> halves_of(BlockFormat format) {
  switch (format) {
    case BlockFormat::q4_1:
    case BlockFormat::q5_1:
    case BlockFormat::q4_k:
    case BlockFormat::q5_k:
      return {0, 2};
    case BlockFormat::q2_k:
      return {80, 82};
    case BlockFormat::q3_k:
      return {108};
    case BlockFormat::q6_k:
      return {208};
    case BlockFormat::f32:
    case BlockFormat::bf16:
      return {};
    default:
      return {0};
  }
}

// Blocks of random bits, their scales within a factor of four and of both signs.
QuantisedWeight random_blocks(BlockFormat format, int64_t rows, int64_t columns) {
  const auto size = size_of(format);
  const auto count = rows * columns / size.numbers;
  auto bytes = torch::randint(0, 256, {count, size.bytes}, at::kByte);
  if (format == BlockFormat::bf16) bytes = torch::randn({count}).to(at::kBFloat16).view(at::kByte).view({count, 2});
  if (format == BlockFormat::f32) bytes = torch::randn({count}).view(at::kByte).view({count, 4});
  for (const auto at : halves_of(format)) {
    auto scales = (torch::rand({count}) * 3 + 1) * torch::where(torch::rand({count}) < 0.5, -0.01, 0.01);
    if (format == BlockFormat::f16) scales = torch::randn({count});
    bytes.slice(1, at, at + 2).copy_(scales.to(at::kHalf).view({count, 1}).view(at::kByte));
  }
  return quantised(format, rows, columns, bytes.view({-1}).contiguous());
}

std::vector<const KernelTable*> tables() {
  std::vector<const KernelTable*> present;
  for (const auto* table : {avx2_kernels(), avx512_kernels()}) {
    if (table) present.push_back(table);
  }
  return present;
}

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return torch::equal(a.contiguous().view(at::kInt), b.contiguous().view(at::kInt));
}

at::Tensor plainly_dequantised(const QuantisedWeight& weight) {
  const UseKernels plain(Kernels::plain);
  return dequantise(weight);
}

TEST(QuantisedWeight, KernelsMakeTheNumbersOfThePlainCodeToTheBit) {
  torch::manual_seed(1);
  for (const auto format : kGgufFormats) {
    SCOPED_TRACE(to_string(format));
    const auto weight = random_blocks(format, 7, 768);
    const auto plain = plainly_dequantised(weight);
    ASSERT_TRUE(plain.isfinite().all().item<bool>());
    ASSERT_GT(plain.abs().max().item<float>(), 0);
    for (const auto* kernels : tables()) {
      auto made = torch::empty({7, 768});
      const BlockTile tile{weight.parts[0].blocks.const_data_ptr<uint8_t>(), weight.parts[0].row_bytes(), 7, 0, 24};
      kernels->dequantise(format, tile, made.mutable_data_ptr<float>(), 768);
      EXPECT_TRUE(same_bits(made, plain));
      // a part of the rows, which begins in the middle of a block
      auto part = torch::empty({7, 96});
      kernels->dequantise(format, {tile.blocks, tile.row_bytes, 7, 5, 3}, part.mutable_data_ptr<float>(), 96);
      EXPECT_TRUE(same_bits(part, plain.slice(1, 160, 256)));
    }
  }
}

TEST(QuantisedWeight, KernelsTurnRowsIntoStepsOfAPanel) {
  torch::manual_seed(11);
  for (const auto* kernels : tables()) {
    const auto panel = kernels->panel;
    const auto rows = torch::randn({panel, 70});
    auto steps = torch::empty({64, panel});
    kernels->turn(64, rows.const_data_ptr<float>(), 70, steps.mutable_data_ptr<float>());
    EXPECT_TRUE(torch::equal(steps, rows.slice(1, 0, 64).t()));
    if (!kernels->product_of_bf16) continue;
    auto pairs = torch::empty({32, panel, 2}, at::kBFloat16);
    auto* const to = reinterpret_cast<bf16_bits*>(pairs.mutable_data_ptr<at::BFloat16>());
    const auto rounded = rows.slice(1, 0, 64).to(at::kBFloat16);
    kernels->turn_to_pairs(64, rows.const_data_ptr<float>(), 70, to);
    EXPECT_TRUE(torch::equal(pairs, rounded.reshape({panel, 32, 2}).transpose(0, 1)));
    const auto across = torch::randn({64, panel});
    kernels->pair_rows(32, across.const_data_ptr<float>(), panel, to);
    EXPECT_TRUE(torch::equal(pairs, across.to(at::kBFloat16).view({32, 2, panel}).transpose(1, 2)));
  }
}

TEST(QuantisedWeight, HalvesAreRead) {
  const std::pair<uint16_t, float> cases[] = {
      {0x3c00, 1.0f}, {0xc000, -2.0f}, {0x0001, 0x1p-24f}, {0x7bff, 65504.0f}, {0x8000, -0.0f}};
  for (const auto& [bits, number] : cases) {
    EXPECT_EQ(half_to_float(bits), number);
    EXPECT_EQ(float_to_half(number), bits);
  }
}

// Worked by hand: 1.5 is the largest, so that d = 1.5 / 127; -0.75 is -63.5 steps, which is rounded away from zero.
TEST(QuantisedWeight, Q8RoundsHalvesAwayFromZero) {
  auto x = torch::zeros({1, 32});
  x[0][3] = 1.5f;
  x[0][4] = -0.75f;
  const auto weight = quantise(x, BlockFormat::q8_0);
  ASSERT_EQ(weight.parts[0].blocks.numel(), 34);
  const float d = half_to_float(float_to_half(1.5f / 127));
  const auto numbers = dequantise(weight);
  EXPECT_EQ(numbers[0][3].item<float>(), 127 * d);
  EXPECT_EQ(numbers[0][4].item<float>(), -64 * d);
  EXPECT_EQ(numbers[0][0].item<float>(), 0);
}

// Blocks run over the flattened weight, the even number in the high bits.
TEST(QuantisedWeight, Nf4LiesAsBitsandbytesHasIt) {
  auto x = torch::zeros({1, 66});
  x[0][0] = 2.0f;   // level 15 of its block
  x[0][1] = -2.0f;  // level 0
  x[0][64] = 0.5f;  // the largest of a last block of two
  x[0][65] = 0.25f;
  const auto weight = quantise_nf4(x, /*double_quantised=*/false);
  ASSERT_EQ(weight.parts[0].blocks.numel(), 33);
  EXPECT_EQ(weight.parts[0].blocks[0].item<int>(), 0xf0);
  EXPECT_EQ(weight.parts[0].blocks[1].item<int>(), 0x77);   // zeros
  EXPECT_EQ(weight.parts[0].blocks[32].item<int>(), 0xfc);  // 0.5 of the largest: nearer to 0.44 than to 0.56
  EXPECT_EQ(weight.parts[0].scales.absmax.numel(), 2);
  EXPECT_EQ(dequantise(weight)[0][65].item<float>(), kNf4Levels[12] * 0.5f);
}

TEST(QuantisedWeight, Nf4TakesFourBitsAndAnEighthANumber) {
  const auto weight = quantise_nf4(torch::randn({512, 512}));
  EXPECT_NEAR(static_cast<double>(weight.bytes()) * 8 / (512 * 512), 4.127, 0.04);
  EXPECT_LT(relative_error(dequantise(weight), dequantise(quantise_nf4(dequantise(weight)))), 0.03);
}

TEST(QuantisedWeight, RowsAreAPartAndATable) {
  torch::manual_seed(2);
  for (const auto& weight :
       {random_blocks(BlockFormat::q4_k, 9, 256), quantise_nf4(torch::randn({9, 37})),
        stacked({random_blocks(BlockFormat::q8_0, 4, 64), random_blocks(BlockFormat::q5_0, 5, 64)})}) {
    const auto all = dequantise(weight);
    EXPECT_TRUE(torch::equal(dequantise(narrow_rows(weight, 3, 4)), all.slice(0, 3, 7)));
    EXPECT_TRUE(torch::equal(dequantise(narrow_rows(narrow_rows(weight, 3, 4), 1, 2)), all.slice(0, 4, 6)));
    const auto which = torch::tensor({{8, 0}, {3, 3}}, at::kLong);
    EXPECT_TRUE(torch::equal(dequantise_rows(weight, which), torch::embedding(all, which)));
    EXPECT_THROW(dequantise_rows(weight, torch::tensor({9}, at::kLong)), ShapeError);
    const auto rests = resting(weight);
    EXPECT_TRUE(is_resting(rests));
    EXPECT_TRUE(torch::equal(numbers_of(rests), all));
    EXPECT_TRUE(torch::equal(rows_of(rests, which), torch::embedding(all, which)));
    ASSERT_NE(quantised_of(rests), nullptr);
    EXPECT_EQ(quantised_of(rests)->parts[0].blocks.const_data_ptr(), weight.parts[0].blocks.const_data_ptr());
    EXPECT_EQ(quantised_of(all), nullptr);
  }
}

struct Outcome {
  at::Tensor y, dx;
  std::vector<at::Tensor> others;  // gradients of the bias and the branches
};

Outcome run(const FrozenLinear& linear, const at::Tensor& x, const std::vector<LowRank>& branches,
            Activation activation = Activation::gelu) {
  const auto leaf = x.detach().clone().requires_grad_(true);
  std::vector<at::Tensor> inputs{leaf};
  std::vector<LowRank> trained;
  for (const auto& branch : branches) {
    trained.push_back(
        {branch.a.clone().requires_grad_(true), branch.b.clone().requires_grad_(true), branch.scale, branch.begin});
    inputs.insert(inputs.end(), {trained.back().a, trained.back().b});
  }
  if (linear.bias() && linear.bias()->requires_grad()) inputs.push_back(*linear.bias());
  const auto y = linear.forward_low_rank(leaf, trained, activation);
  const auto weights = torch::linspace(-1, 1, y.numel()).view_as(y).to(y.scalar_type());
  auto gradients = torch::autograd::grad({(y * weights).sum()}, inputs);
  Outcome outcome{y.detach(), gradients[0], {}};
  outcome.others.assign(gradients.begin() + 1, gradients.end());
  return outcome;
}

std::vector<LowRank> two_branches(int64_t in, int64_t out) {
  const auto rows = std::max<int64_t>(out / 3, 1);
  return {{torch::randn({3, in}), torch::randn({rows, 3}), 0.5, 0},
          {torch::randn({8, in}), torch::randn({rows, 8}), -0.25, out - rows}};
}

// Sums over the rows cancel, so that their error is larger beside them.
void expect_close(const Outcome& got, const Outcome& want, double tolerance, double of_sums) {
  EXPECT_LT(relative_error(got.y, want.y), tolerance);
  EXPECT_LT(relative_error(got.dx, want.dx), tolerance) << "gradient of x";
  ASSERT_EQ(got.others.size(), want.others.size());
  for (size_t i = 0; i < want.others.size(); ++i)
    EXPECT_LT(relative_error(got.others[i], want.others[i]), of_sums) << "gradient " << i;
}

struct Case {
  QuantisedWeight weight;
  std::string name;
};

// Every format, at sizes that end within panels, stripes and units.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto format : kGgufFormats) {
    const auto whole = size_of(format).numbers;
    for (const auto& [out, in] : {std::pair<int64_t, int64_t>{1, 256}, {47, 768}, {70, 512}})
      all.push_back({random_blocks(format, out, in), fmt::format("{} {} x {}", to_string(format), out, in)});
    if (whole == 1) all.push_back({random_blocks(format, 19, 131), fmt::format("{} 19 x 131", to_string(format))});
    if (whole == 32) all.push_back({random_blocks(format, 35, 416), fmt::format("{} 35 x 416", to_string(format))});
  }
  all.push_back({stacked({random_blocks(BlockFormat::q4_k, 5, 256), random_blocks(BlockFormat::q6_k, 37, 256),
                          quantise_nf4(torch::randn({1, 256})), random_blocks(BlockFormat::f32, 30, 256)}),
                 "parts in four formats"});
  for (const auto& [out, in] : {std::pair<int64_t, int64_t>{1, 1}, {35, 131}, {33, 96}, {70, 512}}) {
    for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf})
      all.push_back(
          {quantise_nf4(torch::randn({out, in}).to(type)), fmt::format("NF4 {} x {} {}", out, in, toString(type))});
    all.push_back({quantise_nf4(torch::randn({out, in}), false), fmt::format("NF4 {} x {}, plain scales", out, in)});
  }
  return all;
}

TEST(QuantisedWeight, IsTheSameNumbersWhoeverMakesThem) {
  torch::manual_seed(12);
  for (const auto& [weight, name] : cases())
    EXPECT_TRUE(same_bits(dequantise(weight), plainly_dequantised(weight))) << name;
}

TEST(QuantisedProduct, EqualsThatOfTheDequantisedWeight) {
  torch::manual_seed(3);
  for (const auto& [weight, name] : cases()) {
    SCOPED_TRACE(name);
    const auto x = torch::randn({13, weight.columns});
    const auto branches = two_branches(weight.columns, weight.rows);
    const auto bias = torch::randn({weight.rows}).requires_grad_(true);
    const FrozenLinear stored(weight, bias, Precision::fp32), dense(dequantise(weight), bias, Precision::fp32);
    EXPECT_TRUE(torch::equal(stored.weight(), dequantise(weight)));
    const auto got = run(stored, x, branches);
    // the same sums of the same numbers in the same order
    expect_close(got, run(dense, x, branches), 0x1p-23, 0x1p-23);
    UseKernels plain(Kernels::plain);
    const auto want = run(dense, x, branches);
    EXPECT_LT(relative_error(got.y, want.y), 1e-5);
    expect_close(got, want, 4e-5, 1e-4);  // GELU's slope is within a millionth
  }
}

TEST(QuantisedProduct, InBf16EqualsThatOfTheRoundedWeight) {
  torch::manual_seed(4);
  for (const auto& [weight, name] : cases()) {
    SCOPED_TRACE(name);
    const auto x = torch::randn({13, weight.columns}).to(at::kBFloat16);
    const auto branches = two_branches(weight.columns, weight.rows);
    const FrozenLinear stored(weight, std::nullopt, Precision::bf16);
    const FrozenLinear dense(dequantise(weight), std::nullopt, Precision::bf16);
    const bool pairs = fast_kernels() && fast_kernels()->product_of_bf16;
    // Without products of bf16 the weight is not rounded.
    expect_close(run(stored, x, branches), run(dense, x, branches), pairs ? 0x1p-23 : 8e-3, pairs ? 0x1p-23 : 3e-2);
  }
}

TEST(QuantisedProduct, ARowDoesNotDependOnItsBatchNorOnThreads) {
  torch::manual_seed(5);
  const int threads = at::get_num_threads();
  for (const auto& weight : {random_blocks(BlockFormat::q6_k, 70, 512), quantise_nf4(torch::randn({70, 512}))}) {
    for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
      const auto x = torch::randn({1501, 512});
      const auto branches = two_branches(512, 70);
      const FrozenLinear linear(weight, std::nullopt, precision);
      const auto all = run(linear, x, branches);
      EXPECT_TRUE(torch::equal(linear.forward_low_rank(x.slice(0, 801, 808), branches, Activation::gelu),
                               all.y.slice(0, 801, 808)));
      at::set_num_threads(1);
      const auto alone = run(linear, x, branches);
      at::set_num_threads(threads);
      EXPECT_TRUE(torch::equal(alone.y, all.y));
      EXPECT_TRUE(torch::equal(alone.dx, all.dx));
      for (size_t i = 0; i < all.others.size(); ++i)
        EXPECT_TRUE(torch::equal(alone.others[i], all.others[i])) << i;
    }
  }
}

TEST(QuantisedProduct, GradientsAreThoseOfDifferences) {
  torch::manual_seed(6);
  const auto weight = quantise_nf4(torch::randn({5, 6}));
  expect_gradients_of_differences(
      [&](const std::vector<at::Tensor>& v) {
        return FrozenLinear(weight, v[1], Precision::fp32)
            .forward_low_rank(v[0], {{v[2], v[3], 0.7, 1}}, Activation::gelu);
      },
      {torch::randn({2, 6}, at::kDouble), torch::randn({5}, at::kDouble), torch::randn({2, 6}, at::kDouble),
       torch::randn({3, 2}, at::kDouble)});
}

TEST(QuantisedProduct, HoldsTheBytesOfTheFileAndNoMore) {
  torch::manual_seed(7);
  const auto weight = random_blocks(BlockFormat::q4_0, 1024, 1024);
  const FrozenLinear linear(weight, std::nullopt, Precision::bf16);
  EXPECT_EQ(linear.bytes(), 1024 * 1024 / 32 * 18);
  run(linear, torch::randn({5, 1024}), {});
  EXPECT_EQ(linear.bytes(), 1024 * 1024 / 32 * 18);
}

TEST(QuantisedProduct, Nf4IsAPrecision) {
  torch::manual_seed(8);
  const auto weight = torch::randn({70, 131}), x = torch::randn({13, 131});
  const FrozenLinear linear(weight, std::nullopt, Precision::nf4);
  EXPECT_EQ(linear.precision(), Precision::nf4);
  EXPECT_LT(relative_error(linear.weight(), dequantise(quantise_nf4(weight))), 8e-3);
  EXPECT_TRUE(
      torch::equal(linear.forward(x), FrozenLinear(quantise_nf4(weight), std::nullopt, Precision::nf4).forward(x)));
  const auto in_double = torch::linear(x.to(at::kDouble), linear.weight().to(at::kDouble));
  EXPECT_LT(relative_error(linear.forward(x.to(at::kDouble)), in_double), 1e-12);
}

// What rounding the input costs: half a 32767th of the largest of thirty-two, which averages out.
TEST(QuantisedProduct, Int8MultipliesTheBlocksAsTheyLie) {
  torch::manual_seed(9);
  for (const auto& [weight, name] : cases()) {
    SCOPED_TRACE(name);
    const auto x = torch::randn({13, weight.columns});
    const auto branches = two_branches(weight.columns, weight.rows);
    const FrozenLinear stored(weight, std::nullopt, Precision::int8);
    if (!fast_kernels() || !has_byte_units(weight)) {  // becomes rows of int8
      const FrozenLinear rows(dequantise(weight), std::nullopt, Precision::int8);
      expect_close(run(stored, x, branches), run(rows, x, branches), 1e-6, 1e-6);
      continue;
    }
    EXPECT_EQ(stored.bytes(), weight.bytes());
    const FrozenLinear dense(dequantise(weight), std::nullopt, Precision::fp32);
    const auto want = run(dense, x, branches, Activation::none);           // others are steep where a sum is near zero
    EXPECT_LT(relative_error(stored.forward(x), dense.forward(x)), 2e-4);  // of bytes it would be 5e-3
    expect_close(run(stored, x, branches, Activation::none), want, 3e-2, 3e-2);  // its gradient is in bf16
    expect_close(run(stored, x.to(at::kBFloat16), branches, Activation::none), want, 3e-2, 3e-2);
  }
}

TEST(QuantisedProduct, AFewRowsAreMultipliedAsUnderInt8) {
  torch::manual_seed(13);
  const torch::NoGradGuard no_grad;
  for (const auto& [weight, name] : cases()) {
    SCOPED_TRACE(name);
    const auto x = torch::randn({2, 1, weight.columns});
    const auto branches = two_branches(weight.columns, weight.rows);
    const auto bias = torch::randn({weight.rows});
    const bool lies = fast_kernels() && has_byte_units(weight);
    for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
      const FrozenLinear stored(weight, bias, precision);
      const FrozenLinear other(weight, bias, lies && precision == Precision::bf16 ? Precision::int8 : precision);
      const auto want = other.forward_low_rank(x, branches, Activation::silu);
      const FewRows few;
      EXPECT_TRUE(torch::equal(stored.forward_low_rank(x, branches, Activation::silu), want));
    }
  }
  EXPECT_FALSE(FewRows::asked());
}

TEST(QuantisedProduct, Int8OfBytesIsExactUpToFloat32) {
  torch::manual_seed(10);
  for (const auto format : kGgufFormats) {
    if (!has_byte_units(format)) continue;
    SCOPED_TRACE(to_string(format));
    const auto weight = random_blocks(format, 45, 512);
    // Rows of whole numbers whose largest is 32767 in each unit, so that none is rounded.
    auto x = torch::randint(-32767, 32768, {11, 16, 32}).to(at::kFloat);
    x.select(2, 5).fill_(32767);
    x = x.view({11, 512});
    const auto exact = torch::linear(x.to(at::kDouble), dequantise(weight).to(at::kDouble));
    for (const auto& part : {x, x.slice(0, 0, 1), x.slice(0, 3, 6)}) {
      const auto got = FrozenLinear(weight, std::nullopt, Precision::int8).forward(part);
      EXPECT_LT(relative_error(got, torch::linear(part.to(at::kDouble), dequantise(weight).to(at::kDouble))), 1e-5);
    }
    for (const auto* kernels : tables()) {
      std::vector<int16_t> numbers(11 * 512);
      std::vector<float> scales(11 * 16), sums(11 * 32), y(11 * 45);
      for (int64_t i = 0; i < 11; ++i) {
        kernels->quantise_units(16, {x.const_data_ptr<float>() + i * 512, 512, false}, numbers.data() + i * 512,
                                scales.data() + i * 16, sums.data() + i * 32);
      }
      EXPECT_EQ(numbers[517], 32767);
      EXPECT_EQ(static_cast<float>(numbers[700]), x[1][188].item<float>());
      const BlockTile tile{weight.parts[0].blocks.const_data_ptr<uint8_t>(), weight.parts[0].row_bytes(), 45, 0, 16};
      kernels->dots_with_blocks(format, tile, 11, {numbers.data(), scales.data(), sums.data(), 16}, y.data(), 45);
      EXPECT_LT(relative_error(torch::from_blob(y.data(), {11, 45}), exact), 1e-5);
    }
  }
}

TEST(QuantisedWeight, RefusesWhatDoesNotFit) {
  const auto bytes = [](int64_t n) { return torch::zeros({n}, at::kByte); };
  EXPECT_THROW(quantised(BlockFormat::q4_0, 2, 48, bytes(54)), ShapeError);    // one and a half blocks a row
  EXPECT_THROW(quantised(BlockFormat::q4_k, 2, 256, bytes(287)), ShapeError);  // a byte is missing
  EXPECT_THROW(quantise(torch::zeros({2, 33}), BlockFormat::q8_0), ShapeError);
  EXPECT_THROW(quantise_nf4(torch::zeros({5})), ShapeError);
  const Nf4Scales good{.absmax = torch::zeros({2})};
  EXPECT_NO_THROW(quantised_nf4(3, 25, bytes(38), good));
  EXPECT_THROW(quantised_nf4(3, 25, bytes(37), good), ShapeError);
  EXPECT_THROW(quantised_nf4(3, 25, bytes(38), {.absmax = torch::zeros({3})}), ShapeError);
  EXPECT_THROW(quantised_nf4(3, 25, bytes(38), {.absmax = torch::zeros({2}, at::kByte)}), ShapeError);
  const Nf4Scales nested{
      .absmax = torch::zeros({2}, at::kByte), .nested_absmax = torch::zeros({1}), .nested_table = torch::zeros({255})};
  EXPECT_THROW(quantised_nf4(3, 25, bytes(38), nested), ShapeError);
  const auto weight = quantise(torch::zeros({2, 32}), BlockFormat::q8_0);
  EXPECT_THROW(FrozenLinear(weight, torch::zeros({3}), Precision::fp32), ShapeError);
}

}  // namespace
}  // namespace graft::tensor
