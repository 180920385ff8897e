#include "graft/tensor/resting.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace graft::tensor {
namespace {

struct RestingTest : ::testing::Test {
  at::Tensor values = at::arange(6, at::kFloat).view({2, 3});
  int asked = 0;
  at::Tensor tensor = resting({2, 3}, [this] {
    ++asked;
    return values;
  });
};

TEST_F(RestingTest, HasSizesAndTypeAndNoMemory) {
  EXPECT_EQ(tensor.sizes(), values.sizes());
  EXPECT_EQ(tensor.scalar_type(), at::kFloat);
  EXPECT_EQ(tensor.numel(), 6);
  EXPECT_TRUE(is_resting(tensor));
  EXPECT_TRUE(is_resting(tensor.detach()));
  EXPECT_FALSE(is_resting(values));
  EXPECT_FALSE(is_resting(at::Tensor()));
  EXPECT_EQ(asked, 0);
}

TEST_F(RestingTest, GivesItsNumbersEachTimeItIsAsked) {
  EXPECT_TRUE(at::equal(numbers_of(tensor), values));
  EXPECT_TRUE(at::equal(numbers_of(tensor.detach()), values));
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(numbers_of(values).is_same(values));
}

TEST_F(RestingTest, GivesRowsOfATableWhateverItsType) {
  const auto table = resting({4, 2}, [] { return at::arange(8).view({4, 2}).to(at::kHalf); });
  const auto rows = at::tensor({3, 0, 3}, at::kLong);
  const auto expected = at::tensor({6.f, 7.f, 0.f, 1.f, 6.f, 7.f}).view({3, 2});
  EXPECT_TRUE(at::equal(rows_of(table, rows), expected));
  EXPECT_TRUE(at::equal(rows_of(numbers_of(table), rows), expected));
}

TEST_F(RestingTest, ReadWithoutAskingIsAnErrorAndNoNumber) {
  EXPECT_THROW(tensor + 1, c10::Error);
  EXPECT_THROW(tensor.clone(), c10::Error);
  EXPECT_THROW(tensor.zero_(), c10::Error);
}

TEST_F(RestingTest, AwakeItHasMemoryOfItsOwnForEveryHandle) {
  auto other = tensor;
  tensor.requires_grad_(true);
  const auto version = tensor.unsafeGetTensorImpl()->version_counter().current_version();
  wake(tensor);
  EXPECT_FALSE(is_resting(other));
  EXPECT_TRUE(other.requires_grad());
  EXPECT_EQ(other.unsafeGetTensorImpl()->version_counter().current_version(), version);
  EXPECT_TRUE(at::equal(other, values));
  const at::NoGradGuard no_grad;
  other.zero_();
  EXPECT_EQ(values.sum().item<float>(), 15);
  wake(tensor);  // once is enough
  EXPECT_EQ(tensor.sum().item<float>(), 0);
}

}  // namespace
}  // namespace graft::tensor
