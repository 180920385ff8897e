// The kernels themselves, for every instruction set that this processor has.
#include "graft/tensor/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <limits>

#include "graft/tensor/activation.h"
#include "tests/tensor/finite_differences.h"

namespace graft::tensor {
namespace {

std::vector<const KernelTable*> tables() {
  std::vector<const KernelTable*> present;
  for (const auto* table : {avx2_kernels(), avx512_kernels()}) {
    if (table) present.push_back(table);
  }
  return present;
}

// act(x) alone: a product of nothing plus a bias of nothing, finished.
at::Tensor activated(const KernelTable& kernels, const at::Tensor& x, Activation activation) {
  const auto rows = x.numel() / kernels.panel;
  auto out = torch::empty({rows, kernels.panel});
  Epilogue epilogue;
  epilogue.activation = activation;
  epilogue.out = {out.mutable_data_ptr(), kernels.panel, false};
  kernels.finish(rows, kernels.panel, x.const_data_ptr<float>(), epilogue);
  return out.view({-1});
}

constexpr Activation kActivations[] = {Activation::relu, Activation::gelu, Activation::gelu_tanh,
                                       Activation::quick_gelu, Activation::silu};

TEST(Kernels, ActivationsAreWithinAMillionth) {
  const auto x = torch::linspace(-12, 12, 16 * 4096);
  for (const auto* kernels : tables()) {
    for (const auto activation : kActivations) {
      const auto exact = activate(x.to(at::kDouble), activation);
      const auto error = (activated(*kernels, x, activation).to(at::kDouble) - exact).abs();
      // float32 itself is 1e-7 of the value apart, here up to 12.
      EXPECT_LT((error - exact.abs() * 1.2e-7).max().item<double>(), 1e-6) << to_string(activation);
    }
  }
}

TEST(Kernels, SlopesAreWithinAMillionth) {
  const auto x = torch::linspace(-12, 12, 16 * 4096).to(at::kDouble).requires_grad_(true);
  for (const auto* kernels : tables()) {
    for (const auto activation : kActivations) {
      const auto exact = torch::autograd::grad({activate(x, activation).sum()}, {x})[0];
      const auto before = x.detach().to(at::kFloat);
      auto slope = torch::ones_like(before);
      kernels->activation_backward(before.numel(), activation, {before.const_data_ptr(), 0, false},
                                   {slope.const_data_ptr(), 0, false}, {slope.mutable_data_ptr(), 0, false});
      EXPECT_LT((slope - exact).abs().max().item<double>(), 2e-6) << to_string(activation);
    }
  }
}

// Where the result is rounded to bf16 anyway, a polynomial stands for the error function.
TEST(Kernels, GeluInBf16IsNearerThanItsRounding) {
  const auto x = torch::linspace(-12, 12, 16 * 4096).to(at::kBFloat16);
  const auto as_rows = [](const at::Tensor& t) { return ConstRows{t.const_data_ptr(), 0, true}; };
  const auto exact_x = x.to(at::kDouble).requires_grad_(true);
  const auto exact = at::gelu(exact_x), slope = torch::autograd::grad({exact.sum()}, {exact_x})[0];
  for (const auto* kernels : tables()) {
    auto out = torch::empty({x.numel() / kernels->panel, kernels->panel}, at::kBFloat16);
    Epilogue epilogue;
    epilogue.activation = Activation::gelu;
    epilogue.out = {out.mutable_data_ptr(), kernels->panel, true};
    const auto sums = x.to(at::kFloat);
    kernels->finish(out.size(0), kernels->panel, sums.const_data_ptr<float>(), epilogue);
    const auto rounding = exact.detach().abs() * 0x1p-8;
    EXPECT_LT(((out.view({-1}) - exact.detach()).abs() - rounding).max().item<double>(), 7e-5);
    const auto ones = torch::ones_like(x);
    auto d = torch::empty_like(x, at::kFloat);
    kernels->activation_backward(x.numel(), Activation::gelu, as_rows(x), as_rows(ones),
                                 {d.mutable_data_ptr(), 0, false});
    EXPECT_LT((d - slope).abs().max().item<double>(), 2e-4);
  }
}

// A sum does not depend on how many columns are made beside it.
TEST(Kernels, AFewColumnsOfAPanelAreTheFirstOfAll) {
  torch::manual_seed(4);
  for (const auto* kernels : tables()) {
    const auto panel = kernels->panel;
    const auto a = torch::randn({15, 40}), b = torch::randn({40, panel});
    const auto a16 = a.to(at::kBFloat16), pairs = b.view({20, 2, panel}).transpose(1, 2).to(at::kBFloat16).contiguous();
    const auto bits = [](const at::Tensor& t) {
      return reinterpret_cast<const bf16_bits*>(t.const_data_ptr<at::BFloat16>());
    };
    for (const auto columns : {panel, panel / 2 + 1, panel / 2, int64_t{1}}) {
      auto c = torch::full({15, panel}, 5.0f), c16 = torch::full({15, panel}, 5.0f);
      kernels->product(15, columns, 40, a.const_data_ptr<float>(), 40, b.const_data_ptr<float>(), panel,
                       c.mutable_data_ptr<float>(), panel, false);
      const auto wanted = torch::mm(a, b).narrow(1, 0, columns);
      EXPECT_TRUE(torch::allclose(c.narrow(1, 0, columns), wanted, 1e-4, 1e-4));
      if (columns <= 16) {  // what lies behind them is left alone, where a panel has more than one vector
        EXPECT_TRUE((c.narrow(1, 16, panel - 16) == 5).all().item<bool>());
      }
      if (!kernels->product_of_bf16) continue;
      kernels->product_of_bf16(15, columns, 20, bits(a16), 40, bits(pairs), 2 * panel, c16.mutable_data_ptr<float>(),
                               panel, false);
      const auto rounded = torch::mm(a16.to(at::kFloat), b.to(at::kBFloat16).to(at::kFloat)).narrow(1, 0, columns);
      EXPECT_TRUE(torch::allclose(c16.narrow(1, 0, columns), rounded, 1e-4, 1e-4));
    }
  }
}

TEST(Kernels, NotANumberStaysOne) {
  for (const auto* kernels : tables()) {
    const auto x = torch::full({kernels->panel}, std::numeric_limits<float>::quiet_NaN());
    for (const auto activation : kActivations) {
      EXPECT_TRUE(activated(*kernels, x, activation).isnan().all().item<bool>()) << to_string(activation);
    }
    auto scores = torch::zeros({3, kernels->panel});
    scores[1].fill_(std::numeric_limits<float>::quiet_NaN());
    std::vector<float> lse(kernels->panel), share(kernels->panel);
    kernels->softmax(3, kernels->panel, 1, scores.mutable_data_ptr<float>(), kernels->panel, lse.data(), share.data());
    const auto shares = scores * torch::tensor(share).unsqueeze(0);
    EXPECT_TRUE(shares.isnan().all().item<bool>());
  }
}

TEST(Kernels, NarrowingRoundsAsLibtorchDoes) {
  torch::manual_seed(1);
  // Every exponent, ties, infinities and NaN; a length that fills no vector.
  auto x = torch::randint(std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max(), {100003}, at::kInt)
               .view(at::kFloat);
  x.slice(0, 0, 4).copy_(torch::tensor(
      {1.00390625f, 1.01171875f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}));
  for (const auto* kernels : tables()) {
    auto narrow = torch::empty_like(x, at::kBFloat16);
    kernels->narrow(x.numel(), x.const_data_ptr<float>(),
                    reinterpret_cast<bf16_bits*>(narrow.mutable_data_ptr<at::BFloat16>()));
    auto want = x.to(at::kBFloat16);
    // AVX-512 takes what is smaller than 2^-126 for zero.
    for (auto* t : {&narrow, &want})
      t->masked_fill_(x.abs() < 0x1p-126, 0);
    EXPECT_TRUE(torch::equal(narrow.isnan(), want.isnan()));
    EXPECT_TRUE(torch::equal(narrow.nan_to_num(0).view(at::kShort), want.nan_to_num(0).view(at::kShort)));
    auto wide = torch::empty_like(x);
    kernels->widen(x.numel(), reinterpret_cast<const bf16_bits*>(want.const_data_ptr<at::BFloat16>()),
                   wide.mutable_data_ptr<float>());
    EXPECT_TRUE(torch::equal(wide.nan_to_num(0), want.to(at::kFloat).nan_to_num(0)));
  }
}

TEST(Kernels, QuantisingRoundsToTheNearestLevel) {
  for (const auto* kernels : tables()) {
    const float x[] = {0.0f, 1.0f, -2.0f, 0.26f, -0.24f};
    int16_t q[5];
    EXPECT_FLOAT_EQ(kernels->quantise(5, x, nullptr, 4, q), 0.5f);
    EXPECT_THAT(q, testing::ElementsAre(0, 2, -4, 1, 0));
    const float zeros[3] = {};
    EXPECT_EQ(kernels->quantise(3, zeros, nullptr, 4, q), 0.0f);
    EXPECT_EQ(q[0], 0);
  }
}

}  // namespace
}  // namespace graft::tensor
