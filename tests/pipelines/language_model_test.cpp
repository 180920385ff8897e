// On stories260K (tests/golden/make/stories.py), beside what transformers makes of it.
#include "graft/pipelines/language/decoder_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "graft/core/error.h"
#include "graft/pipelines/language/shared_prefixes.h"
#include "tests/support/source_dir.h"

namespace graft::pipelines::language {
namespace {

using prompting::Generated;
using ::testing::HasSubstr;

const auto kFolder = source_dir() / "tests" / "golden" / "models" / "stories260K";

const nlohmann::json& expected() {
  static const auto kExpected = nlohmann::json::parse(std::ifstream(kFolder / "expected.json"));
  return kExpected;
}

DecoderModel stories(std::optional<int64_t> window = {}) {
  static Silent silent;
  ModelChoice choice;
  choice.model = kFolder.string();
  choice.precision = "fp32";
  choice.threads = 1;
  choice.window = window;
  return DecoderModel::open(choice, {}, silent);
}

TEST(SharedPrefixes, AreReadOnce) {
  std::vector<int32_t> start(100, 7);
  std::vector<std::vector<int32_t>> sequences;
  for (int32_t i = 0; i < 40; ++i) {
    auto one = start;
    for (int32_t t = 0; t < 30; ++t)
      one.push_back(100 + i);
    sequences.push_back(one);
    one.push_back(5);
    sequences.push_back(one);  // two choices behind one question
  }
  const auto plan = plan_prefixes(sequences);
  EXPECT_EQ(plan.to, 100);
  EXPECT_LE(tokens_read(plan, sequences), 100 + 40 * 62);
  EXPECT_LE(tokens_read(plan_prefixes(sequences, 0), sequences), 100 + 40 * 31);  // calls cost nothing: all is shared
}

TEST(SharedPrefixes, OfEqualSequencesNothingIsLeftToRead) {
  const std::vector<std::vector<int32_t>> sequences(5, {1, 2, 3});
  EXPECT_EQ(tokens_read(plan_prefixes(sequences), sequences), 3);
}

TEST(LanguageModel, IsAsLikelyAsTransformersSays) {
  auto model = stories();
  const auto text = expected()["text"].get<std::string>();
  const auto tokens = expected()["log_likelihoods"].get<std::vector<double>>();
  const double sum = std::accumulate(tokens.begin(), tokens.end(), 0.0);
  const auto whole = model.text_likelihoods(std::vector<std::string>{text});
  EXPECT_EQ(whole[0].tokens, static_cast<int64_t>(tokens.size()));
  EXPECT_NEAR(whole[0].sum, sum, 1e-3);
  EXPECT_TRUE(whole[0].greedy);
  const auto pair = model.log_likelihoods(std::vector<prompting::Pair>{{"", text}});
  EXPECT_NEAR(pair[0].sum, sum, 1e-3);
}

TEST(LanguageModel, WritesTheTextThatTransformersWrites) {
  auto model = stories();
  const auto answers = model.generate(std::vector<prompting::Prompt>{{"", Random(1)}}, {.max_tokens = 60});
  EXPECT_EQ(answers[0].text, " " + expected()["text"].get<std::string>());
  EXPECT_EQ(answers[0].tokens, 60);
  EXPECT_EQ(answers[0].ended, Generated::Ended::length);
  std::string shown;
  const auto streamed = model.stream({"", Random(1)}, {.max_tokens = 60}, [&](std::string_view piece) {
    shown += piece;
    return true;
  });
  EXPECT_EQ(shown, answers[0].text);
  EXPECT_EQ(streamed.text, answers[0].text);
}

// Examples, questions and choices of several lengths.
std::vector<prompting::Pair> asked() {
  std::vector<prompting::Pair> pairs;
  std::string examples;
  for (const char* thing : {"cat", "big red ball", "tree in the park"})
    examples += std::string("Lily saw a ") + thing + ". It was nice.\n\n";
  for (const std::string question : {"Tom saw a dog. It was", "Tom saw", "One day, Tom saw a very big dog. It was"}) {
    for (const std::string choice : {" big", " nice", " a", " very happy and sad"}) {
      pairs.push_back({examples + question, choice});
      pairs.push_back({question, choice});
    }
  }
  pairs.push_back(pairs.front());
  return pairs;
}

TEST(LanguageModel, SharedBeginningsGiveTheNumbersOfReadingEachAnew) {
  auto together = stories();
  const auto pairs = asked();
  const auto shared = together.log_likelihoods(pairs);
  auto apart = stories();
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto one = apart.log_likelihoods(std::span(pairs).subspan(i, 1))[0];
    EXPECT_NEAR(shared[i].sum, one.sum, 1e-4) << pairs[i].context << "|" << pairs[i].continuation;
    EXPECT_EQ(shared[i].tokens, one.tokens);
    EXPECT_EQ(shared[i].greedy, one.greedy);
  }
  EXPECT_LT(together.tokens_read() * 4, apart.tokens_read());
}

TEST(LanguageModel, ALongTextIsScoredInWindows) {
  const auto text = expected()["text"].get<std::string>();
  auto model = stories(16);
  const auto whole = model.text_likelihoods(std::vector<std::string>{text})[0];
  EXPECT_EQ(whole.tokens, 60);
  EXPECT_NEAR(whole.sum, expected()["in_windows_of_16"].get<double>(), 1e-3);
  EXPECT_THROW(stories(1), ConfigError);
  EXPECT_THROW(stories(513), ConfigError);
}

TEST(LanguageModel, AnAnswerDoesNotDependOnItsCompany) {
  auto model = stories();
  const prompting::GenerateOptions options{{.temperature = 1, .top_k = 20}, {}, 12};
  std::vector<prompting::Prompt> prompts;
  for (uint64_t i = 0; i < 4; ++i)
    prompts.push_back({"Once upon a time", Random(i)});
  prompts.push_back({"Tom", Random(9)});
  const auto together = model.generate(prompts, options);
  EXPECT_NE(together[0].text, together[1].text);
  for (size_t i = 0; i < prompts.size(); ++i)
    EXPECT_EQ(model.generate(std::span(prompts).subspan(i, 1), options)[0].text, together[i].text) << i;
}

TEST(LanguageModel, StopsAtAStringAndAtTheWindow) {
  auto model = stories(32);
  const auto stopped =
      model.generate(std::vector<prompting::Prompt>{{"", Random(1)}}, {.until = {"girl", "little g"}})[0];
  EXPECT_EQ(stopped.text, " Once upon a time, there was a ");
  EXPECT_EQ(stopped.ended, Generated::Ended::stop_string);
  const auto full = model.generate(std::vector<prompting::Prompt>{{"", Random(1)}}, {.max_tokens = 1000})[0];
  EXPECT_EQ(full.tokens, 31);  // behind the token that begins the text
  std::string shown;
  model.stream({"", Random(1)}, {.until = {"there"}}, [&](std::string_view piece) {
    shown += piece;
    return true;
  });
  EXPECT_EQ(shown, " Once upon a time, ");
}

TEST(LanguageModel, RefusesPromptsThatItCannotRead) {
  auto model = stories(16);
  const auto refusal = [&](const std::string& prompt) -> std::string {
    try {
      model.generate(std::vector<prompting::Prompt>{{prompt, Random(1)}}, {});
    } catch (const DataError& error) {
      return error.what();
    }
    return "nothing";
  };
  EXPECT_THAT(refusal(expected()["text"].get<std::string>()), HasSubstr("leaves no room in the 16 that are read"));
  EXPECT_THAT(refusal("a\xff"), HasSubstr("UTF-8"));
}

TEST(LanguageModel, SpecialTokensInATextAreTextUnlessAsked) {
  const auto model = stories();
  const auto ids = model.encode("a</s>b");
  EXPECT_EQ(std::ranges::count(ids, 2), 0);
  EXPECT_EQ(ids.front(), 1);
}

}  // namespace
}  // namespace graft::pipelines::language
