#include "graft/prompting/sampling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "graft/core/error.h"
#include "graft/prompting/generated_text.h"
#include "graft/prompting/token_windows.h"
#include "tests/prompting/golden.h"

namespace graft::prompting {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
using testing::ElementsAre;

TEST(Sampling, LeavesTheProbabilitiesThatTransformersLeaves) {
  for (const auto& one : golden()["warpers"]) {
    const auto logits = one["logits"].get<std::vector<float>>();
    const SamplingOptions options{one["temperature"], one["top_k"], one["top_p"], one["min_p"]};
    std::vector<double> probabilities(logits.size());
    for (const auto& candidate : candidates(logits, options))
      probabilities[static_cast<size_t>(candidate.token)] = candidate.probability;
    for (size_t i = 0; i < logits.size(); ++i)
      EXPECT_NEAR(probabilities[i], one["probabilities"][i].get<double>(), 2e-6) << one["temperature"] << " " << i;
  }
}

TEST(Sampling, DrawsEachTokenAsOftenAsItIsLikely) {
  const std::vector<float> logits = {0.0F, std::log(2.0F), std::log(5.0F), -kInfinity};
  Random random(4);
  std::map<int32_t, int> drawn;
  for (int i = 0; i < 8000; ++i)
    ++drawn[sample_token(logits, {}, random)];
  EXPECT_EQ(drawn.count(3), 0U);
  EXPECT_NEAR(drawn[0], 1000, 120);  // 4 standard deviations
  EXPECT_NEAR(drawn[1], 2000, 155);
  EXPECT_NEAR(drawn[2], 5000, 174);
}

TEST(Sampling, IsGreedyAtTemperatureZeroAndTakesTheFirstOfEqualOnes) {
  Random random(1);
  const auto before = random.fork(1).bits();
  EXPECT_EQ(sample_token(std::vector<float>{1, 3, 3, 2}, {.temperature = 0}, random), 1);
  EXPECT_EQ(random.fork(1).bits(), before);
  EXPECT_EQ(sample_token(std::vector<float>{1, 3, 3, 2}, {.top_k = 1, .top_p = 0.1}, random), 1);
}

TEST(Sampling, SaysWhenLogitsAreNoNumbers) {
  Random random(1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const double temperature : {0.0, 1.0}) {
    const SamplingOptions options{.temperature = temperature};
    EXPECT_THROW(sample_token(std::vector<float>{1, nan}, options, random), DivergenceError);
    EXPECT_THROW(sample_token(std::vector<float>{kInfinity, 1}, options, random), DivergenceError);
    EXPECT_THROW(sample_token(std::vector<float>{-kInfinity, -kInfinity}, options, random), DivergenceError);
  }
  EXPECT_THROW(token_likelihood(std::vector<float>{1, nan}, 0), DivergenceError);
}

TEST(Sampling, RefusesValuesOutOfTheirRange) {
  check({.temperature = 0, .top_k = 5, .top_p = 0.5, .min_p = 1}, "t");
  EXPECT_THROW(check({.temperature = -0.1}, "t"), ConfigError);
  EXPECT_THROW(check({.temperature = std::nan("")}, "t"), ConfigError);
  EXPECT_THROW(check({.top_k = -1}, "t"), ConfigError);
  EXPECT_THROW(check({.top_p = 0}, "t"), ConfigError);
  EXPECT_THROW(check({.top_p = 1.1}, "t"), ConfigError);
  EXPECT_THROW(check({.min_p = -1}, "t"), ConfigError);
}

TEST(Sampling, KnowsHowLikelyATokenIs) {
  const std::vector<float> logits = {0.0F, std::log(3.0F)};
  EXPECT_NEAR(token_likelihood(logits, 0).log_probability, std::log(0.25), 1e-7);
  EXPECT_FALSE(token_likelihood(logits, 0).greedy);
  EXPECT_TRUE(token_likelihood(logits, 1).greedy);
}

TEST(GeneratedText, StopsAtAStringThatTwoTokensSpell) {
  GeneratedText text({"\n\n", "STOP"});
  EXPECT_EQ(text.add("one\n"), "one");
  EXPECT_EQ(text.add("two ST"), "\ntwo ");
  EXPECT_EQ(text.add("AR ST"), "STAR ");
  EXPECT_EQ(text.add("OP more"), "");
  EXPECT_TRUE(text.stopped());
  EXPECT_EQ(text.text(), "one\ntwo STAR ");
  EXPECT_EQ(text.add("x"), "");
}

TEST(GeneratedText, StopsAtTheFirstOfSeveral) {
  GeneratedText text({"c", "bc", ""});
  EXPECT_EQ(text.add("abcd"), "a");
  EXPECT_TRUE(text.stopped());
}

TEST(GeneratedText, ShowsOnlyWholeCharacters) {
  GeneratedText text({});
  EXPECT_EQ(text.add("\xf0\x9f"), "");
  EXPECT_EQ(text.add("\xa6\x99!"), "\xf0\x9f\xa6\x99!");
  EXPECT_EQ(text.add("\xc3"), "");
  EXPECT_EQ(text.finish(), "\xef\xbf\xbd");
  GeneratedText broken({});
  EXPECT_EQ(broken.add("a\x80z"), "a\xef\xbf\xbdz");
}

// Two characters a token, but the blank before a word belongs to it; 1 is the beginning of a text.
std::vector<int32_t> encode(std::string_view text) {
  std::vector<int32_t> ids{1};
  for (size_t i = 0; i < text.size(); i += 2)
    ids.push_back(static_cast<unsigned char>(text[i]) * 256 + (i + 1 < text.size() ? text[i + 1] : 0));
  return ids;
}

TEST(TokenWindows, CutAContinuationFromItsContext) {
  const auto one = split_pair(encode, "ab ", "cd", 1);  // "ab" and " c", "d"
  EXPECT_THAT(one.context, ElementsAre(1, 'a' * 256 + 'b'));
  EXPECT_THAT(one.scored, ElementsAre(' ' * 256 + 'c', 'd' * 256));
  const auto none = split_pair(encode, "", "ab", 1);
  EXPECT_THAT(none.context, ElementsAre(1));
  EXPECT_THAT(none.scored, ElementsAre('a' * 256 + 'b'));
  const auto blank = split_pair(encode, " ", "a", 1);
  EXPECT_THAT(blank.scored, ElementsAre(' ' * 256 + 'a'));
  EXPECT_THROW(split_pair(encode, "", "", 1), DataError);
  EXPECT_THROW(split_pair(encode, "abc", "d", 1), DataError);  // "d" joins the context's last token
}

TEST(TokenWindows, CutTheContextWhereTheModelReadsNoFurther) {
  const Window window{{1, 2, 3, 4}, {5, 6}};
  EXPECT_THAT(cut_left(window, 3).context, ElementsAre(3, 4));  // 3 4 5 are read, 5 and 6 scored
  EXPECT_THAT(cut_left(window, 5).context, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(cut_left(window, 2).context, ElementsAre(4));
  EXPECT_THROW(cut_left(window, 1), DataError);
}

}  // namespace
}  // namespace graft::prompting
