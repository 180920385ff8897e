#include "graft/statistics/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>
#include <set>

#include "graft/core/error.h"
#include "tests/support/source_dir.h"

namespace graft::statistics {
namespace {

using ::testing::ElementsAre;

double sum_of(const std::vector<double>& value, int64_t columns, const std::vector<int64_t>& column_of) {
  double sum = 0;
  for (size_t r = 0; r < column_of.size(); ++r)
    if (column_of[r] >= 0) sum += value[r * static_cast<size_t>(columns) + static_cast<size_t>(column_of[r])];
  return sum;
}

void expect_each_once(const std::vector<int64_t>& column_of, int64_t columns) {
  std::set<int64_t> taken;
  for (const auto column : column_of) {
    EXPECT_LT(column, columns);
    if (column >= 0) {
      EXPECT_TRUE(taken.insert(column).second);
    }
  }
  EXPECT_EQ(static_cast<int64_t>(taken.size()), std::min<int64_t>(std::ssize(column_of), columns));
}

TEST(Assignment, IsThatOfScipy) {
  std::ifstream stream(source_dir() / "tests/golden/assignment.json");
  const auto problems = nlohmann::json::parse(stream);
  ASSERT_GE(problems.size(), 30u);
  for (const auto& problem : problems) {
    std::vector<double> value;
    for (const auto& row : problem["value"])
      for (const auto& cell : row)
        value.push_back(cell.get<double>());
    const auto rows = static_cast<int64_t>(problem["value"].size());
    const auto columns = static_cast<int64_t>(problem["value"][0].size());
    const auto column_of = best_assignment(value, rows, columns);
    expect_each_once(column_of, columns);
    EXPECT_NEAR(sum_of(value, columns, column_of), problem["sum"].get<double>(), 1e-9);
    if (problem["kind"] == "real") {
      EXPECT_EQ(column_of, problem["columns"].get<std::vector<int64_t>>());
    }
  }
}

// Against all permutations.
TEST(Assignment, IsTheBestOfAll) {
  std::mt19937 draw(2);
  std::normal_distribution<double> normal;
  for (int64_t n = 1; n <= 6; ++n) {
    for (int round = 0; round < 20; ++round) {
      std::vector<double> value(static_cast<size_t>(n * n));
      for (double& v : value)
        v = round % 2 == 0 ? normal(draw) : std::round(normal(draw));
      std::vector<int64_t> order(static_cast<size_t>(n));
      std::iota(order.begin(), order.end(), 0);
      double best = -1e300;
      do {
        best = std::max(best, sum_of(value, n, order));
      } while (std::next_permutation(order.begin(), order.end()));
      EXPECT_NEAR(sum_of(value, n, best_assignment(value, n, n)), best, 1e-9);
    }
  }
}

TEST(Assignment, LeavesOverWhatHasNoPartner) {
  EXPECT_THAT(best_assignment(std::vector<double>{1, 5, 3}, 3, 1), ElementsAre(-1, 0, -1));
  EXPECT_THAT(best_assignment(std::vector<double>{1, 5, 3}, 1, 3), ElementsAre(1));
  EXPECT_THAT(best_assignment({}, 0, 4), ElementsAre());
  EXPECT_THAT(best_assignment({}, 2, 0), ElementsAre(-1, -1));
}

TEST(Assignment, RefusesWhatIsNoTable) {
  EXPECT_THROW(best_assignment(std::vector<double>{1, 2, 3}, 2, 2), UsageError);
  EXPECT_THROW(best_assignment(std::vector<double>{1, std::nan("")}, 1, 2), UsageError);
}

}  // namespace
}  // namespace graft::statistics
