#include "graft/prompting/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "graft/core/error.h"

namespace graft::prompting {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

Items texts(const std::vector<std::string>& all) {
  Items items;
  for (const auto& text : all)
    items.push_back({{{"text", text}}, {}, "row " + std::to_string(items.size())});
  return items;
}

const Items kPool = texts({"a", "b", "c", "d", "e", "f", "g", "h"});
const std::vector<std::string> kLabels = {"x", "x", "x", "x", "x", "x", "y", "z"};

TEST(Selection, ALongerListBeginsWithTheShorterOne) {
  for (const auto how : {Selection::random, Selection::balanced, Selection::first}) {
    const auto few = select_examples(kPool, kLabels, texts({"q"}), {how, 3, 7}, nullptr)[0];
    const auto more = select_examples(kPool, kLabels, texts({"q"}), {how, 6, 7}, nullptr)[0];
    EXPECT_TRUE(std::equal(few.begin(), few.end(), more.begin()));
  }
  EXPECT_THAT(select_examples(kPool, kLabels, texts({"q"}), {Selection::first, 2, 7}, nullptr)[0], ElementsAre(0, 1));
}

TEST(Selection, AllQuestionsOfADrawShareTheirExamplesAndDrawsDiffer) {
  const auto one = select_examples(kPool, kLabels, texts({"q", "r"}), {Selection::random, 4, 7, 0}, nullptr);
  const auto other = select_examples(kPool, kLabels, texts({"q", "r"}), {Selection::random, 4, 7, 1}, nullptr);
  EXPECT_EQ(one[0], one[1]);
  EXPECT_NE(one[0], other[0]);
}

TEST(Selection, AQuestionIsNeverItsOwnExample) {
  for (const auto how : {Selection::random, Selection::balanced, Selection::first, Selection::lm_eval}) {
    const auto all = select_examples(kPool, kLabels, kPool, {how, 7, 3}, nullptr);
    for (size_t q = 0; q < all.size(); ++q)
      EXPECT_EQ(std::ranges::count(all[q], q), 0);
    EXPECT_THROW(select_examples(kPool, kLabels, kPool, {how, 8, 3}, nullptr), ConfigError);
  }
}

TEST(Selection, BalancedTakesClassesInTurn) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto chosen = select_examples(kPool, kLabels, texts({"q"}), {Selection::balanced, 3, seed}, nullptr)[0];
    std::map<std::string, int> counts;
    for (const size_t place : chosen)
      ++counts[kLabels[place]];
    EXPECT_EQ(counts.size(), 3U);
  }
}

TEST(Selection, OtherOrdersHoldTheSameExamples) {
  const auto given = select_examples(kPool, kLabels, texts({"q"}), {Selection::random, 6, 7, 0, 0}, nullptr)[0];
  const auto other = select_examples(kPool, kLabels, texts({"q"}), {Selection::random, 6, 7, 0, 1}, nullptr)[0];
  EXPECT_NE(given, other);
  EXPECT_THAT(other, UnorderedElementsAreArray(given));
}

TEST(Selection, TheNearestStandsLast) {
  const std::vector<float> queries = {1, 0}, examples = {0, 1, 2, 0, 1, 1, -1, 0, 9, 1, 0, 2, 0, 3, 0, 4};
  const auto similarity = by_embeddings(queries, examples, 2);
  const auto chosen = select_examples(kPool, kLabels, texts({"q"}), {Selection::nearest, 3, 7}, similarity.get())[0];
  EXPECT_THAT(chosen, ElementsAre(2, 4, 1));
}

TEST(Selection, WordsThatFewExamplesHaveCountMore) {
  const std::vector<std::string> queries = {"a red hat"},
                                 examples = {"a blue hat", "a red bag", "a bag", "a hat", "red"};
  const auto similarity = by_words(queries, examples);
  EXPECT_GT(similarity->of(0, 0), similarity->of(0, 2));
  EXPECT_NEAR(by_words(examples, examples)->of(3, 3), 1, 1e-12);
  // idf: a ln(6/5)+1, hat ln(6/3)+1, red ln(6/3)+1; of "a hat" against "a red hat"
  const double a = std::log(6.0 / 5) + 1, hat = std::log(2.0) + 1;
  EXPECT_NEAR(similarity->of(0, 3),
              (a * a + hat * hat) / std::sqrt(a * a + hat * hat) / std::sqrt(a * a + 2 * hat * hat), 1e-12);
}

}  // namespace
}  // namespace graft::prompting
