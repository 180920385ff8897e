#include "graft/planner/memory_trace.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <stdexcept>

namespace graft::planner {
namespace {

constexpr int64_t kRow = 1000 * sizeof(float);

// Holds 3 rows a photo, then 1 and a constant 5 more at the mark, at most 1 + 5 + 4 a photo.
MemoryTrace course_of(int64_t batch) {
  return trace_memory([&](const auto& mark) {
    const auto kept = torch::zeros({batch, 1000});
    { const auto passing = torch::zeros({2 * batch, 1000}); }
    const auto constant = torch::zeros({5, 1000});
    mark();
    const auto working = torch::zeros({4 * batch, 1000});
  });
}

TEST(MemoryTrace, FollowsEveryTensorThatIsMade) {
  const auto trace = course_of(2);
  EXPECT_EQ(trace.changes,
            (std::vector<int64_t>{2 * kRow, 4 * kRow, -4 * kRow, 5 * kRow, 8 * kRow, -8 * kRow, -5 * kRow, -2 * kRow}));
  EXPECT_EQ(trace.mark, 4u);
}

TEST(MemoryTrace, LeavesTensorsFromBeforeAndAfterAlone) {
  auto before = torch::zeros({1000});
  at::Tensor after;
  const auto trace = trace_memory([&](const auto&) {
    before.reset();
    after = torch::ones({1000});
  });
  EXPECT_EQ(trace.changes, std::vector<int64_t>{kRow});
  after.resize_({5000});  // its storage asks the allocator that it came from
  EXPECT_EQ(after.narrow(0, 0, 1000).sum().item<float>(), 1000);
}

TEST(MemoryTrace, EndsWhenTheWorkThrows) {
  EXPECT_THROW(trace_memory([](const auto&) { throw std::runtime_error("stop"); }), std::runtime_error);
  EXPECT_TRUE(trace_memory([](const auto&) {}).changes.empty());
}

TEST(MemoryCourse, OfTwoSmallBatchesTellsThatOfAnyBatch) {
  const MemoryCourse course(course_of(2), 2, course_of(3), 3);
  for (const int64_t batch : {2, 3, 16, 100}) {
    EXPECT_EQ(course.peak(batch), (5 * batch + 5) * kRow) << batch;
    EXPECT_EQ(course.at_mark(batch), (batch + 5) * kRow) << batch;
  }
  EXPECT_EQ(course.at_mark(0), 5 * kRow);
}

TEST(MemoryCourse, FindsAPeakThatIsAnotherForLargeBatches) {
  const auto at = [](int64_t batch) {
    return trace_memory([&](const auto&) {
      { const auto always = torch::zeros({10, 1000}); }
      const auto each = torch::zeros({batch, 1000});
    });
  };
  const MemoryCourse course(at(2), 2, at(3), 3);
  EXPECT_EQ(course.peak(2), 10 * kRow);
  EXPECT_EQ(course.peak(50), 50 * kRow);
}

TEST(MemoryCourse, WhereTheCoursesDifferCarriesThePeaks) {
  const MemoryCourse course({{100, -100}, 0}, 2, {{100, 50, -150}, 0}, 3);
  EXPECT_EQ(course.peak(4), 200);
}

}  // namespace
}  // namespace graft::planner
