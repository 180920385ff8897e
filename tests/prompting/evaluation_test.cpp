#include "graft/prompting/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "graft/core/error.h"
#include "tests/prompting/fake_model.h"

namespace graft::prompting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Items sums(int first, int count, const std::string& split) {
  Items items;
  for (int i = first; i < first + count; ++i)
    items.push_back({{{"q", std::to_string(i) + "+1"},
                      {"why", "One more than " + std::to_string(i) + ". That is it."},
                      {"a", std::to_string((i + 1) % 5)}},
                     {},
                     split + ":" + std::to_string(i),
                     split});
  return items;
}

Question question(const std::string& more) {
  return {parse_task("doc_to_text: \"Q: {{q}}\\nA:\"\ndoc_to_target: a\n" + more, "sums.yaml"), sums(0, 8, "test"),
          sums(20, 12, "train")};
}

const std::string kChoice = "output_type: multiple_choice\nmetric_list: [{metric: acc}, {metric: acc_norm}]\n";
const std::string kSteps = R"(
doc_to_reasoning: why
filter_list:
  - {name: strict, filter: [{function: regex, regex_pattern: 'The answer is (\d+)'}, {function: take_first}]}
  - {name: loose, filter: [{function: regex, group_select: -1, regex_pattern: '\d+'}, {function: take_first}]}
)";

std::vector<SettingResult> ask(const Question& question, const EvaluationOptions& options, FakeModel& model) {
  Silent silent;
  return evaluate(question, options, model, silent);
}
std::vector<SettingResult> ask(const Question& question, const EvaluationOptions& options) {
  FakeModel model;
  return ask(question, options, model);
}

TEST(Evaluation, MakesACurveWithItsSpreadOverDrawsAndOrders) {
  const auto results = ask(question(kChoice), {.examples = {0, 1, 4}, .draws = 3, .orders = 2});
  EXPECT_EQ(results.size(), 1U + 3U + 6U);
  const auto curve = curve_of(results);
  ASSERT_EQ(curve.size(), 3U);
  EXPECT_EQ(curve[0].settings, 1);
  EXPECT_EQ(curve[0].deviation, 0);
  EXPECT_EQ(curve[2].settings, 6);
  double mean = 0;
  for (size_t i = 4; i < results.size(); ++i)
    mean += results[i].scores[0].value / 6;
  EXPECT_NEAR(curve[2].mean, mean, 1e-12);
  EXPECT_LE(curve[2].low, curve[2].mean + 1e-12);
  EXPECT_EQ(results[0].answers.size(), 8U);
  EXPECT_EQ(results[0].answers[3].item, "test:3");
}

TEST(Evaluation, IsTheSameEachTime) {
  const EvaluationOptions options{.examples = {3}, .draws = 2, .orders = 2, .seed = 9};
  FakeModel first, second;
  ask(question(kChoice), options, first);
  ask(question(kChoice), options, second);
  EXPECT_EQ(first.asked, second.asked);
}

TEST(Evaluation, CalibrationAsksBehindTheVerySameExamples) {
  FakeModel model;
  const auto results = ask(question(kChoice), {.examples = {2}, .calibrate = true}, model);
  EXPECT_EQ(results[0].scores[0].metric, "acc_calibrated");
  std::set<std::string> prefixes;
  size_t free = 0;
  for (const auto& [context, continuation] : model.asked) {
    prefixes.insert(context.substr(0, context.rfind("Q: ")));
    free += context.ends_with("Q: N/A\nA:") || context.ends_with("Q: \nA:") || context.ends_with("Q: [MASK]\nA:");
  }
  EXPECT_EQ(prefixes.size(), 1U);
  EXPECT_EQ(free, 3U * 5U);  // five labels, each asked once for all eight questions
  const auto& prefix = *prefixes.begin();
  size_t moved = 0;  // questions that calibration answers otherwise
  for (size_t i = 0; i < results[0].answers.size(); ++i) {
    std::vector<double> sums, chances;
    for (const std::string label : {"0", "1", "2", "3", "4"}) {
      double without = 0;
      for (const std::string words : {"N/A", "", "[MASK]"})
        without += std::exp(FakeModel::likelihood(prefix + "Q: " + words + "\nA:", " " + label).sum) / 3;
      sums.push_back(FakeModel::likelihood(prefix + fmt::format("Q: {}+1\nA:", i), " " + label).sum);
      chances.push_back(sums.back() - std::log(without));
    }
    const auto predicted = std::stoul(results[0].answers[i].predicted);
    EXPECT_NEAR(chances[predicted], *std::ranges::max_element(chances), 1e-9) << i;
    moved += sums[predicted] + 1e-9 < *std::ranges::max_element(sums);
  }
  EXPECT_GT(moved, 0U);
}

TEST(Evaluation, CutsAnswersOutAndCountsWhereItCannot) {
  const auto results = ask(question(kSteps), {.examples = {2}, .strategy = Strategy::cot});
  int64_t without_number = 0, without_phrase = 0;
  for (const auto& answer : results[0].answers) {
    without_number += answer.responses[0].find("no idea") != std::string::npos;
    without_phrase += answer.responses[0].find("The answer is") == std::string::npos;
  }
  EXPECT_EQ(results[0].invalid.at("strict"), without_phrase);
  EXPECT_EQ(results[0].invalid.at("loose"), without_number);
  EXPECT_GT(without_phrase, without_number);
  EXPECT_EQ(results[0].scores.size(), 2U);
  EXPECT_EQ(results[0].scores[1].filter, "loose");
}

TEST(Evaluation, SelfConsistencyTakesTheMostFrequentAnswer) {
  const auto results = ask(question(kSteps + "generation_kwargs: {do_sample: true, temperature: 0.7}\n"),
                           {.examples = {1}, .strategy = Strategy::cot, .self_consistency = 9});
  EXPECT_EQ(results[0].responses, 72);
  int64_t invalid = 0;
  for (const auto& answer : results[0].answers) {
    std::vector<std::string> cut;
    for (const auto& response : answer.responses) {
      const bool none = response == " nothing";
      invalid += none;
      cut.push_back(none ? kInvalid : response.substr(15, 1));
    }
    EXPECT_EQ(answer.predicted, majority(cut));
    EXPECT_NE(answer.predicted, kInvalid);
  }
  EXPECT_EQ(results[0].invalid.at("strict"), invalid);
  EXPECT_GT(invalid, 0);
}

TEST(Majority, GivesNoVoteToWhatIsNoAnswer) {
  EXPECT_EQ(majority({kInvalid, kInvalid, "7", "3", "3", "7"}), "7");
  EXPECT_EQ(majority({kInvalid, kInvalid}), kInvalid);
}

TEST(Evaluation, RefusesWhatDoesNotGoTogether) {
  const auto refusal = [](const Question& asked, const EvaluationOptions& options) -> std::string {
    try {
      ask(asked, options);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "nothing";
  };
  const auto texts = question(""), steps = question(kSteps), choice = question(kChoice);
  EXPECT_THAT(refusal(choice, {.examples = {-1}}), HasSubstr("expected 0 or more"));
  EXPECT_THAT(refusal(choice, {.examples = {13}}), HasSubstr("the examples' split has 12"));
  EXPECT_THAT(refusal(choice, {.examples = {1}, .draws = 0}), HasSubstr("expected 1 or more"));
  EXPECT_THAT(refusal(texts, {.calibrate = true}), HasSubstr("--calibrate"));
  EXPECT_THAT(refusal(choice, {.strategy = Strategy::cot}), HasSubstr("--strategy: goes with"));
  EXPECT_THAT(refusal(texts, {.strategy = Strategy::cot}), HasSubstr("needs a filter_list"));
  EXPECT_THAT(refusal(steps, {.examples = {0}, .strategy = Strategy::cot}), HasSubstr("--examples above 0"));
  EXPECT_THAT(refusal(steps, {.examples = {1}, .strategy = Strategy::zero_shot_cot}), HasSubstr("no examples"));
  EXPECT_THAT(refusal(steps, {.self_consistency = 4}), HasSubstr("temperature"));
  EXPECT_THAT(refusal(choice, {.examples = {1}, .select = Selection::nearest}), HasSubstr("how near"));
  EXPECT_THAT(refusal(choice, {.examples = {1}, .control = Control::unrelated}), HasSubstr("--unrelated"));
  EXPECT_THAT(refusal(choice, {.examples = {0}, .control = Control::random_labels}), HasSubstr("no examples"));
}

}  // namespace
}  // namespace graft::prompting
