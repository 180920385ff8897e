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
  EXPECT_EQ(kept_memory().free, 3 * kMegabyte);
  const auto second = megabytes(3);
  EXPECT_EQ(second.data_ptr(), memory);
  EXPECT_EQ(kept_memory().free, 0);
}

TEST_F(KeptMemoryTest, UsedAndFreeTogetherAreNeverMoreThanWasUsedAtOnce) {
  for (int64_t round = 0; round < 20; ++round) {
    std::vector<at::Tensor> held;
    for (int64_t i = 0; i < 5; ++i) {
      held.push_back(megabytes(1 + (round * 7 + i * 3) % 6));
      if (i % 2 == 1) held.erase(held.begin());
      const auto now = kept_memory();
      EXPECT_LE(now.used + now.free, now.most_used);
    }
  }
}

TEST_F(KeptMemoryTest, WhatIsFreeGoesBackToTheSystemWhenAsked) {
  megabytes(4).reset();
  EXPECT_GE(kept_memory().free, 4 * kMegabyte);
  give_back_tensor_memory();
  EXPECT_EQ(kept_memory().free, 0);
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
