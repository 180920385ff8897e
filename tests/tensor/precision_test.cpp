#include "graft/tensor/precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graft/core/error.h"

namespace graft::tensor {
namespace {

TEST(Precision, ReadsWhatItPrints) {
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8, Precision::nf4}) {
    EXPECT_EQ(parse_precision(to_string(precision)), precision);
  }
}

TEST(Precision, AnUnknownNameIsAnErrorWithTheNearest) {
  try {
    parse_precision("bf61");
    FAIL() << "accepted";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("'bf16'"));
  }
}

TEST(Precision, TheMachineIsDescribedWithItsThreads) {
  EXPECT_THAT(describe_cpu(), testing::HasSubstr("thread"));
}

TEST(UseKernels, EndsWithItsScope) {
  const auto before = kernels_in_use();
  {
    UseKernels plain(Kernels::plain);
    EXPECT_EQ(kernels_in_use(), Kernels::plain);
  }
  EXPECT_EQ(kernels_in_use(), before);
}

}  // namespace
}  // namespace graft::tensor
