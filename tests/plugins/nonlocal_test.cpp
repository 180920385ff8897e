#include "graft/plugins/blocks/nonlocal/nonlocal.h"

#include <gmock/gmock.h>

#include "graft/core/error.h"
#include "tests/plugins/block_golden.h"

namespace graft::plugins::nonlocal {
namespace {

using Places = std::vector<size_t>;

TEST(NonLocal, ItsFourFormsAreThoseOfThePapersEquations) {
  expect_golden("nonlocal", {{"width", "3"}}, "nonlocal");
  expect_golden("nonlocal", {{"width", "3"}, {"scale", "yes"}, {"pool", "yes"}}, "nonlocal.scale");
  expect_golden("nonlocal", {{"form", "gaussian"}, {"pool", "yes"}}, "nonlocal.gaussian");
  expect_golden("nonlocal", {{"form", "dot"}, {"norm", "none"}}, "nonlocal.dot");
  expect_golden("nonlocal", {{"form", "concatenation"}, {"width", "4"}, {"pool", "yes"}}, "nonlocal.concatenation");
}

// Section 4.1: every other block of res3 and res4, 5 in all.
TEST(NonLocal, StandsWhereThePaperPutsItAndWhereThatIsInSmallerNetworks) {
  const auto widths = [](std::vector<std::pair<int64_t, int64_t>> groups) {
    std::vector<int64_t> all;
    for (const auto& [count, width] : groups)
      all.insert(all.end(), static_cast<size_t>(count), width);
    return all;
  };
  EXPECT_EQ(usual_places(widths({{3, 256}, {4, 512}, {6, 1024}, {3, 2048}})), (Places{4, 6, 8, 10, 12}));
  EXPECT_EQ(usual_places(widths({{3, 256}, {4, 512}, {23, 1024}, {3, 2048}})), (Places{4, 6, 13, 20, 27}));
  EXPECT_EQ(usual_places(widths({{2, 64}, {2, 128}, {2, 256}, {2, 512}})), (Places{3, 5}));
  EXPECT_EQ(usual_places(widths({{3, 16}, {3, 32}, {3, 64}})), (Places{4, 7}));
  EXPECT_EQ(usual_places(widths({{1, 8}, {1, 16}})), (Places{1}));
  EXPECT_EQ(usual_places(widths({{2, 8}})), (Places{1}));
}

// Half of 7 positions is 3: the pool leaves one out; of one there is nothing to pool.
TEST(NonLocal, TakesMapsOfAnySize) {
  for (const auto* pool : {"yes", "no"}) {
    const auto block = made_block("nonlocal", {{"pool", pool}, {"norm", "none"}}, 4);
    for (const auto& [rows, columns] : {std::pair{1, 1}, {7, 7}, {1, 6}, {2, 3}})
      EXPECT_EQ(run_block(*block, torch::randn({2, 4, rows, columns}), {}).sizes(),
                (std::vector<int64_t>{2, 4, rows, columns}));
  }
}

TEST(NonLocal, RefusesWhatCannotBe) {
  const auto refusal = [](const OptionValues& options) {
    try {
      entry.parse(options);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("nothing was refused");
  };
  EXPECT_THAT(refusal({{"width", "0"}}), ::testing::HasSubstr("--width: expected 1 or more, got 0"));
  EXPECT_THAT(refusal({{"form", "dot"}, {"scale", "yes"}}), ::testing::HasSubstr("--scale with --form dot"));
}

}  // namespace
}  // namespace graft::plugins::nonlocal
