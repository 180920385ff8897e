// In this process from the first test on: what it does to the others is what it does to a program.
#include "graft/tensor/kept_memory.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <thread>
#include <vector>

namespace graft::tensor {
namespace {

constexpr int64_t kMegabyte = 1 << 20;

at::Tensor megabytes(int64_t count) {
  return at::full({count * kMegabyte}, 7, at::kByte);
}

struct KeptMemoryTest : ::testing::Test {
  KeptMemoryTest() {
    keep_tensor_memory();
    give_back_tensor_memory();
    before = kept_memory();
  }
  KeptMemory before;
};

TEST_F(KeptMemoryTest, ATensorOfTheSameSizeGetsTheMemoryOfTheLastOne) {
  auto first = megabytes(3);
  const auto* const memory = first.data_ptr();
  EXPECT_EQ(kept_memory().used - before.used, 3 * kMegabyte);
  first.reset();
  EXPECT_GE(kept_memory().free, 3 * kMegabyte);
  const auto fresh = kept_memory().fresh;
  const auto second = megabytes(3);
  EXPECT_EQ(second.data_ptr(), memory);
  EXPECT_EQ(kept_memory().fresh, fresh);
}

TEST_F(KeptMemoryTest, OneTensorLiesWhereTwoLay) {
  auto first = megabytes(4), second = megabytes(5), third = megabytes(6);
  const auto* const memory = first.data_ptr();
  first.reset();
  second.reset();
  const auto both = megabytes(9);
  EXPECT_EQ(both.data_ptr(), memory);
  EXPECT_EQ(third.min().item<uint8_t>(), 7);
}

TEST_F(KeptMemoryTest, TheSmallestHoleThatIsBigEnoughIsTaken) {
  auto big = megabytes(8), between = megabytes(1), small = megabytes(3), last = megabytes(1);
  const auto* const memory = small.data_ptr();
  big.reset();
  small.reset();
  EXPECT_EQ(megabytes(2).data_ptr(), memory);
  EXPECT_EQ(between.max().item<uint8_t>(), last.min().item<uint8_t>());
}

TEST_F(KeptMemoryTest, TheSecondStepTouchesNothingFresh) {
  int64_t fresh = 0;
  for (int64_t step = 0; step < 4; ++step) {
    fresh = kept_memory().fresh;
    std::vector<at::Tensor> saved;
    for (int64_t layer = 0; layer < 6; ++layer) {
      saved.push_back(megabytes(3));
      const auto passing = megabytes(7);
      saved.push_back(megabytes(2 + layer % 2));
    }
    while (!saved.empty()) {
      const auto gradient = megabytes(5);
      saved.pop_back();
    }
  }
  EXPECT_EQ(kept_memory().fresh, fresh);
}

// Holes of four megabytes between tensors that stay are of no use to tensors of five.
TEST_F(KeptMemoryTest, WhatIsHeldStaysNearWhatWasUsedAtOnce) {
  std::vector<at::Tensor> staying, leaving, bigger;
  for (int64_t i = 0; i < 64; ++i) {
    staying.push_back(megabytes(4));
    leaving.push_back(megabytes(4));
  }
  leaving.clear();
  const auto fresh = kept_memory().fresh;
  for (int64_t i = 0; i < 40; ++i) {
    bigger.push_back(megabytes(5));
    const auto now = kept_memory();
    EXPECT_LE(now.used + now.free, now.most_used + now.most_used / 16 + 32 * kMegabyte);
  }
  EXPECT_GE(kept_memory().fresh - fresh, 195 * kMegabyte);
  for (const auto& tensor : staying)
    EXPECT_EQ(tensor.min().item<uint8_t>() + tensor.max().item<uint8_t>(), 14);
}

TEST_F(KeptMemoryTest, WhatIsFreeGoesBackToTheSystemWhenAsked) {
  megabytes(8).reset();
  const auto held = kept_memory().free;
  EXPECT_GE(held, 8 * kMegabyte);
  give_back_tensor_memory();
  EXPECT_LE(kept_memory().free, held - 6 * kMegabyte);
}

TEST_F(KeptMemoryTest, SmallTensorsAndGrowingOnesWorkAsEver) {
  const auto used = kept_memory().used;
  auto small = at::ones({100});
  EXPECT_EQ(kept_memory().used, used);
  small.resize_({1 << 20});
  EXPECT_EQ(small[99].item<float>(), 1);
  EXPECT_EQ(kept_memory().used - used, 4 * kMegabyte);
}

TEST_F(KeptMemoryTest, ThreadsMayTakeAndGiveBackAtTheSameTime) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int64_t i = 0; i < 50; ++i) {
        const auto tensor = at::full({(1 + (i + t) % 3) * kMegabyte}, t, at::kByte);
        EXPECT_EQ(tensor[i].item<uint8_t>(), t);
        EXPECT_EQ(tensor[-1].item<uint8_t>(), t);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(kept_memory().used, before.used);
}

}  // namespace
}  // namespace graft::tensor
