// The numbers of lm-evaluation-harness 0.4.13 on the same tasks and the same (fake) model.
#include <gtest/gtest.h>

#include <algorithm>

#include "graft/prompting/evaluation.h"
#include "graft/prompting/token_windows.h"
#include "tests/prompting/fake_model.h"
#include "tests/prompting/golden.h"

namespace graft::prompting {
namespace {

Items items_of_json(const nlohmann::json& rows) {
  Items items;
  for (const auto& row : rows) {
    Item item;
    for (const auto& [key, value] : row.items())
      (key == "split" ? item.split : item.fields[key]) = value.get<std::string>();
    item.place = "row " + std::to_string(items.size());
    items.push_back(std::move(item));
  }
  return items;
}

TEST(LmEval, AsksTheSameOfTheModelAndScoresTheSame) {
  for (const auto& golden_task : golden()["tasks"]) {
    Question question;
    question.task = parse_task(golden_task["yaml"].get<std::string>(), "golden");
    question.pool = items_of_json(golden()["train"]);
    question.items = items_of_json(golden()["test"]);
    for (const auto& run : golden_task["runs"]) {
      FakeModel model;
      EvaluationOptions options;
      options.examples = {run["shots"].get<int64_t>()};
      options.select = question.task.sampler == "first_n" ? Selection::first : Selection::lm_eval;
      Silent silent;
      const auto results = evaluate(question, options, model, silent);
      SCOPED_TRACE(question.task.name + " with " + std::to_string(options.examples[0]));
      std::vector<std::pair<std::string, std::string>> asked;
      for (const auto& pair : run["asked"])
        asked.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
      for (const auto& pair : asked)
        EXPECT_EQ(std::ranges::count(model.asked, pair),
                  question.task.output_type == OutputType::generate_until ? std::ranges::count(asked, pair) : 1)
            << pair.first << "|" << pair.second;
      for (const auto& pair : model.asked)
        EXPECT_EQ(std::ranges::count(asked, pair) > 0, true) << pair.first << "|" << pair.second;
      size_t compared = 0;
      for (const auto& score : results[0].scores) {
        const std::string filter = score.filter.empty() ? "none" : score.filter;
        const auto value = run["results"].find(score.metric + "," + filter);
        ASSERT_NE(value, run["results"].end()) << score.metric << "," << filter;
        EXPECT_NEAR(score.value, value->get<double>(), 1e-9 * std::max(1.0, score.value)) << score.metric << filter;
        const auto error = run["results"].find(score.metric + "_stderr," + filter);
        const bool of_mean = score.metric.starts_with("acc") || score.metric == "exact_match";
        if (of_mean && error != run["results"].end()) {
          EXPECT_NEAR(score.standard_error, error->get<double>(), 1e-9) << score.metric;
        }
        ++compared;
      }
      EXPECT_GT(compared, 0U);
    }
  }
}

TEST(LmEval, FiltersAndComparesTheSame) {
  for (const auto& one : golden()["filters"]) {
    const auto expression = one["pattern"].get<std::string>();
    FilterPipeline pipeline{"golden", {}};
    pipeline.steps.push_back({.kind = Filter::Kind::regex, .pattern = Pattern(expression, "golden")});
    pipeline.steps.back().group_select = one["group_select"].get<int64_t>();
    for (size_t i = 0; i < one["texts"].size(); ++i) {
      const auto text = one["texts"][i].get<std::string>();
      EXPECT_EQ(pipeline.answer({text}).text, one["answers"][i].get<std::string>()) << expression << " in " << text;
      EXPECT_EQ(pipeline.steps[0].pattern->removed_from(text), one["removed"][i].get<std::string>())
          << expression << " in " << text;
    }
  }
  for (const auto& one : golden()["matches"]) {
    Metric metric{"exact_match"};
    metric.ignore_case = one["options"].value("ignore_case", false);
    metric.ignore_punctuation = one["options"].value("ignore_punctuation", false);
    metric.ignore_numbers = one["options"].value("ignore_numbers", false);
    for (const auto& pattern : one["options"].value("regexes_to_ignore", std::vector<std::string>()))
      metric.regexes_to_ignore.emplace_back(pattern, "golden");
    for (size_t i = 0; i < one["pairs"].size(); ++i) {
      const auto a = one["pairs"][i][0].get<std::string>(), b = one["pairs"][i][1].get<std::string>();
      EXPECT_EQ(compared_text(a, metric) == compared_text(b, metric), one["equal"][i].get<double>() == 1)
          << one["options"] << a << "|" << b;
    }
  }
  for (const auto& one : golden()["votes"])
    EXPECT_EQ(majority(one["responses"].get<std::vector<std::string>>()), one["vote"].get<std::string>());
}

TEST(LmEval, CutsTheSameWindows) {
  for (const auto& one : golden()["windows"]) {
    const auto tokens = one["tokens"].get<std::vector<int32_t>>();
    const auto windows = rolling_windows(tokens, 1, one["longest"].get<int64_t>());
    ASSERT_EQ(windows.size(), one["windows"].size());
    for (size_t i = 0; i < windows.size(); ++i) {
      EXPECT_EQ(windows[i].context, one["windows"][i][0].get<std::vector<int32_t>>());
      EXPECT_EQ(windows[i].scored, one["windows"][i][1].get<std::vector<int32_t>>());
    }
  }
}

}  // namespace
}  // namespace graft::prompting
