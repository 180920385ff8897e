#include "graft/core/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft {
namespace {

enum class Shape { round, square };
std::vector<std::pair<Shape, std::string>> choices(Shape) {
  return {{Shape::round, "round"}, {Shape::square, "square"}};
}

struct Options {
  int64_t rank = 8;
  double alpha = 0.1;
  bool causal = false;
  std::string name = "q";
  std::vector<std::string> targets = {"q", "v"};
  std::optional<int64_t> epochs;
  Shape shape = Shape::square;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("rank", o.rank, "rank of the update");
  visit("alpha", o.alpha, "scale");
  visit("causal", o.causal, "mask the future");
  visit("name", o.name, "a name");
  visit("targets", o.targets, "which maps");
  visit("epochs", o.epochs, "passes over the data");
  visit("shape", o.shape, "the shape");
}

std::string message_of(const OptionValues& values) {
  try {
    read_options<Options>("test", values);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Options, DefaultsStandInTheStructAlone) {
  const Options o = read_options<Options>("test", {});
  EXPECT_EQ(o.rank, 8);
  EXPECT_EQ(o.shape, Shape::square);
  EXPECT_FALSE(o.epochs.has_value());
}

TEST(Options, AnItemOfAListMayHoldACommaBehindABackslash) {
  const Options o = read_options<Options>("test", {{"targets", "Yes\\, sir,no"}});
  EXPECT_THAT(o.targets, testing::ElementsAre("Yes, sir", "no"));
  EXPECT_EQ(write_options(o).at("targets"), "Yes\\, sir,no");
}

TEST(Options, TextBecomesValuesOfEveryType) {
  const Options o = read_options<Options>("test", {{"rank", "16"},
                                                   {"alpha", "2e-3"},
                                                   {"causal", "yes"},
                                                   {"targets", "[q, k, v]"},
                                                   {"epochs", "5"},
                                                   {"shape", "round"}});
  EXPECT_EQ(o.rank, 16);
  EXPECT_EQ(o.alpha, 2e-3);
  EXPECT_TRUE(o.causal);
  EXPECT_THAT(o.targets, testing::ElementsAre("q", "k", "v"));
  EXPECT_EQ(o.epochs, 5);
  EXPECT_EQ(o.shape, Shape::round);
}

TEST(Options, WhatIsWrittenReadsBackTheSame) {
  Options o;
  o.alpha = 1.0 / 3.0;
  o.epochs = 7;
  o.targets = {"k"};
  const Options back = read_options<Options>("test", write_options(o));
  EXPECT_EQ(write_options(back), write_options(o));
  EXPECT_EQ(back.alpha, 1.0 / 3.0);
}

TEST(Options, AnUnknownNameIsRefusedWithTheNearest) {
  EXPECT_EQ(message_of({{"rnak", "4"}}),
            "[test] no option 'rnak'. Did you mean 'rank'? Known: alpha, causal, epochs, name, rank, shape, targets.");
}

TEST(Options, ABadValueNamesTheOptionAndTheText) {
  EXPECT_EQ(message_of({{"rank", "8.5"}}), "[test] --rank: expected a whole number, got '8.5'.");
  EXPECT_EQ(message_of({{"alpha", "much"}}), "[test] --alpha: expected a number, got 'much'.");
  EXPECT_EQ(message_of({{"causal", "maybe"}}), "[test] --causal: expected yes or no, got 'maybe'.");
  EXPECT_EQ(message_of({{"shape", "roud"}}),
            "[test] --shape: no choice 'roud'. Did you mean 'round'? Known: round, square.");
}

TEST(Options, ANumberIsOneThatSinglePrecisionHolds) {
  for (const char* text : {"nan", "inf", "-inf", "1e300", "1e39", "-1e39", "1e-300", "1e999"})
    EXPECT_NE(message_of({{"alpha", text}}), "no error") << text;
  EXPECT_EQ(message_of({{"alpha", "inf"}}), "[test] --alpha: expected a number, got 'inf'.");
  for (const char* text : {"0", "-0", "3e38", "-1e-30", "1e30"})
    EXPECT_EQ(message_of({{"alpha", text}}), "no error") << text;
  EXPECT_EQ(message_of({{"rank", "99999999999999999999"}}),
            "[test] --rank: expected a whole number, got '99999999999999999999', which is out of range.");
}

TEST(Options, YesAndNoAreReadInAnyCase) {
  EXPECT_TRUE(read_options<Options>("test", {{"causal", "True"}}).causal);
  EXPECT_FALSE(read_options<Options>("test", {{"causal", "OFF"}}).causal);
}

TEST(Options, HelpComesFromTheSameList) {
  const auto infos = describe_options<Options>();
  ASSERT_EQ(infos.size(), 7u);
  EXPECT_EQ(infos[0].name, "rank");
  EXPECT_EQ(infos[0].default_value, "8");
  EXPECT_EQ(infos[6].type, "round|square");
}

}  // namespace
}  // namespace graft
