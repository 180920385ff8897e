#include "graft/prompting/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/prompting/choice_scores.h"

namespace graft::prompting {
namespace {

// Pairs, each asked once however often it is wanted.
class AskedPairs {
 public:
  size_t add(std::string context, std::string continuation) {
    const auto [place, is_new] = places_.try_emplace({context, continuation}, pairs_.size());
    if (is_new) pairs_.push_back({std::move(context), std::move(continuation)});
    return place->second;
  }
  void ask(LanguageModel& model) { answers_ = model.log_likelihoods(pairs_); }
  const Likelihood& operator[](size_t place) const { return answers_[place]; }

 private:
  std::map<std::pair<std::string, std::string>, size_t> places_;
  std::vector<Pair> pairs_;
  std::vector<Likelihood> answers_;
};

std::string key_of_value(const std::string& metric, const std::string& filter) {
  return filter.empty() ? metric : metric + "," + filter;
}

class Evaluator {
 public:
  Evaluator(const Question& question, const EvaluationOptions& options, LanguageModel& model)
      : question_(question),
        task_(question.task),
        options_(options),
        model_(model),
        labels_(labels_over(question)),
        prompt_options_{options.strategy, options.control, question.unrelated},
        maker_(task_, question.pool, labels_, prompt_options_) {
    if (task_.output_type != OutputType::loglikelihood_rolling) {
      for (const auto& item : question.pool)
        pool_labels_.push_back(answer_of(task_, item));
    }
  }

  SettingResult ask(const Setting& setting) {
    setting_ = setting;
    SettingResult result{setting, {}, {}};
    for (const auto& item : question_.items)
      result.answers.push_back({item.place, "", ""});
    switch (task_.output_type) {
      case OutputType::multiple_choice:
        ask_choices(result);
        break;
      case OutputType::generate_until:
        ask_texts(result);
        break;
      case OutputType::loglikelihood:
        ask_targets(result);
        break;
      case OutputType::loglikelihood_rolling:
        ask_whole(result);
        break;
    }
    return result;
  }

 private:
  static std::vector<std::string> labels_over(const Question& question) {
    const bool own = question.task.output_type != OutputType::multiple_choice || !question.task.doc_to_choice.empty() ||
                     !question.task.choice_field.empty();
    if (question.task.output_type == OutputType::loglikelihood_rolling) return {};
    auto labels = labels_of(question.task, question.pool.empty() ? question.items : question.pool);
    if (own || question.pool.empty()) return labels;
    for (const auto& item : question.items) {
      const auto answer = answer_of(question.task, item);
      if (!std::ranges::binary_search(labels, answer))
        throw DataError("prompt",
                        "{}: the answer '{}' is no answer in the examples' split. Name the choices: "
                        "doc_to_choice: [...].",
                        item.place, answer);
    }
    return labels;
  }

  // What stands before each question.
  std::vector<std::string> before() const {
    const auto chosen = select_examples(
        question_.pool, pool_labels_, question_.items,
        {options_.select, setting_.examples, static_cast<uint64_t>(options_.seed), setting_.draw, setting_.order},
        question_.similarity);
    std::vector<std::string> texts;
    for (const auto& examples : chosen)
      texts.push_back(maker_.before(examples, random().fork("examples")));
    return texts;
  }
  Random random() const {
    return Random(static_cast<uint64_t>(options_.seed)).fork("prompt").fork(static_cast<uint64_t>(setting_.draw));
  }

  void ask_choices(SettingResult& result) {
    const bool mutual =
        std::ranges::any_of(task_.metrics, [](const auto& one) { return one.name == "acc_mutual_info"; });
    const auto prefixes = before();
    AskedPairs pairs;
    struct Places {
      std::vector<std::string> choices;
      std::vector<size_t> sums = {}, without = {};
      std::vector<std::vector<size_t>> content_free = {};
    };
    std::vector<Places> all;
    for (size_t i = 0; i < question_.items.size(); ++i) {
      const Item& item = question_.items[i];
      Places places{choices_of(task_, item, labels_)};
      const auto ask_all = [&](const std::string& context) {
        std::vector<size_t> asked;
        for (const auto& choice : places.choices)
          asked.push_back(pairs.add(context, task_.target_delimiter + choice));
        return asked;
      };
      places.sums = ask_all(prefixes[i] + maker_.question(item));
      if (mutual) places.without = ask_all("");
      if (options_.calibrate) {
        for (const auto* words : kContentFree)
          places.content_free.push_back(ask_all(prefixes[i] + maker_.question_about(item, words)));
      }
      all.push_back(std::move(places));
    }
    pairs.ask(model_);
    const auto sums_of = [&](const std::vector<size_t>& places) {
      std::vector<double> sums;
      for (const size_t place : places)
        sums.push_back(pairs[place].sum);
      return sums;
    };
    for (size_t i = 0; i < all.size(); ++i) {
      auto& answer = result.answers[i];
      const auto& choices = all[i].choices;
      const auto sums = sums_of(all[i].sums);
      answer.label = answer_of(task_, question_.items[i]);
      const auto right = static_cast<size_t>(std::ranges::find(choices, answer.label) - choices.begin());
      for (size_t c = 0; c < choices.size(); ++c)
        answer.choices[choices[c]] = sums[c];
      const auto choose = [&](const std::string& metric, std::span<const double> scores) {
        const size_t best = best_of(scores);
        answer.values[metric] = best == right ? 1 : 0;
        if (answer.predicted.empty()) answer.predicted = choices[best];
      };
      if (options_.calibrate) {
        std::vector<std::vector<double>> content_free;
        for (const auto& places : all[i].content_free)
          content_free.push_back(sums_of(places));
        choose("acc_calibrated", calibrated(sums, content_free));
      }
      for (const auto& metric : task_.metrics) {
        if (metric.name == "acc") choose("acc", sums);
        if (metric.name == "acc_norm") choose("acc_norm", per_character(sums, choices));
        if (metric.name == "acc_bytes") choose("acc_bytes", per_byte(sums, choices));
        if (metric.name == "acc_mutual_info") choose("acc_mutual_info", given_context(sums, sums_of(all[i].without)));
        if (metric.name == "brier_score") answer.values["brier_score"] = brier_score(sums, right);
      }
    }
    if (options_.calibrate) add_mean(result, "acc_calibrated");
    for (const auto& metric : task_.metrics)
      add_mean(result, metric.name);
  }

  void ask_texts(SettingResult& result) {
    const auto prefixes = before();
    const int64_t repeats = std::max(task_.repeats, options_.self_consistency);
    auto generation = task_.generation;
    std::vector<Prompt> prompts;
    const Random draws = random()
                             .fork("answers")
                             .fork(static_cast<uint64_t>(setting_.examples))
                             .fork(static_cast<uint64_t>(setting_.order));
    for (size_t i = 0; i < question_.items.size(); ++i) {
      for (int64_t r = 0; r < repeats; ++r)
        prompts.push_back({prefixes[i] + maker_.question(question_.items[i]),
                           draws.fork(static_cast<uint64_t>(i)).fork(static_cast<uint64_t>(r))});
    }
    const auto texts = model_.generate(prompts, generation);
    result.responses = static_cast<int64_t>(texts.size());
    auto filters = task_.filters;
    if (options_.self_consistency > 1) {
      for (auto& pipeline : filters)
        pipeline = pipeline.with_vote();
    }
    for (size_t i = 0; i < question_.items.size(); ++i) {
      auto& answer = result.answers[i];
      for (int64_t r = 0; r < repeats; ++r)
        answer.responses.push_back(texts[i * static_cast<size_t>(repeats) + static_cast<size_t>(r)].text);
      const auto target = answer_of(task_, question_.items[i]);
      for (const auto& pipeline : filters) {
        const auto found = pipeline.answer(answer.responses);
        result.invalid[pipeline.name] += found.invalid;
        for (const auto& metric : task_.metrics) {
          const auto said = compared_text(found.text, metric), meant = compared_text(target, metric);
          answer.values[key_of_value(metric.name, pipeline.name)] = said == meant ? 1 : 0;
          if (&pipeline != &filters.front() || &metric != &task_.metrics.front()) continue;
          answer.label = meant;
          answer.predicted = said;
        }
      }
    }
    for (const auto& pipeline : filters) {
      for (const auto& metric : task_.metrics)
        add_mean(result, metric.name, pipeline.name);
    }
  }

  // As lm-evaluation-harness: no delimiter stands before the target.
  void ask_targets(SettingResult& result) {
    const auto prefixes = before();
    AskedPairs pairs;
    std::vector<size_t> places;
    for (size_t i = 0; i < question_.items.size(); ++i)
      places.push_back(
          pairs.add(prefixes[i] + maker_.question(question_.items[i]), task_.doc_to_target.of(question_.items[i])));
    pairs.ask(model_);
    std::vector<Weighted> sums;
    for (size_t i = 0; i < places.size(); ++i) {
      const auto& one = pairs[places[i]];
      sums.push_back({one.sum, 1});  // the mean over items, not over tokens
      result.answers[i].values = {
          {"log_likelihood", one.sum}, {"tokens", static_cast<double>(one.tokens)}, {"acc", one.greedy ? 1 : 0}};
    }
    for (const auto& metric : task_.metrics) {
      if (metric.name == "acc") add_mean(result, "acc");
      if (metric.name == "perplexity")
        result.scores.push_back(perplexity_score("perplexity", sums, static_cast<uint64_t>(options_.seed)));
    }
  }

  void ask_whole(SettingResult& result) {
    std::vector<std::string> texts;
    for (const auto& item : question_.items)
      texts.push_back(task_.doc_to_target.of(item));
    const auto sums = model_.text_likelihoods(texts);
    std::map<std::string, std::vector<Weighted>> weighted;
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto bytes = static_cast<double>(texts[i].size()), words = static_cast<double>(count_words(texts[i])),
                 tokens = static_cast<double>(sums[i].tokens);
      result.answers[i].values = {
          {"log_likelihood", sums[i].sum}, {"tokens", tokens}, {"words", words}, {"bytes", bytes}};
      weighted["word_perplexity"].push_back({sums[i].sum, words});
      weighted["byte_perplexity"].push_back({sums[i].sum, bytes});
      weighted["bits_per_byte"].push_back({sums[i].sum, bytes});
      weighted["token_perplexity"].push_back({sums[i].sum, tokens});
    }
    for (const auto& metric : task_.metrics)
      result.scores.push_back(
          perplexity_score(metric.name, weighted.at(metric.name), static_cast<uint64_t>(options_.seed)));
  }

  static void add_mean(SettingResult& result, const std::string& metric, const std::string& filter = "") {
    std::vector<double> values;
    for (const auto& answer : result.answers)
      values.push_back(answer.values.at(key_of_value(metric, filter)));
    result.scores.push_back(mean_score(metric, values));
    result.scores.back().filter = filter;
  }

  const Question& question_;
  const Task& task_;
  const EvaluationOptions& options_;
  LanguageModel& model_;
  std::vector<std::string> labels_, pool_labels_;
  PromptOptions prompt_options_;
  PromptMaker maker_;
  Setting setting_;
};

std::vector<int64_t> counts_of(const Question& question, const EvaluationOptions& options) {
  return options.examples.empty() ? std::vector<int64_t>{question.task.num_fewshot} : options.examples;
}

}  // namespace

void check(const Question& question, const EvaluationOptions& options) {
  const auto counts = counts_of(question, options);
  const auto& task = question.task;
  const auto refuse = [](std::string_view option, std::string_view why) {
    throw ConfigError("prompt", "--{}: {}", option, why);
  };
  for (const int64_t count : counts) {
    if (count < 0) refuse("examples", fmt::format("expected 0 or more, got {}.", count));
  }
  const int64_t most = *std::ranges::max_element(counts);
  if (options.draws < 1 || options.orders < 1) refuse("draws", "expected 1 or more, as of --orders.");
  if (most > 0 && question.pool.empty())
    refuse("examples", fmt::format("there is no split '{}' to draw examples from.", task.split_of_examples()));
  if (task.output_type == OutputType::loglikelihood_rolling && most > 0)
    refuse("examples", "loglikelihood_rolling scores whole texts, before which nothing stands.");
  if (options.calibrate && task.output_type != OutputType::multiple_choice)
    refuse("calibrate", "goes with output_type: multiple_choice.");
  if (options.strategy != Strategy::direct && task.output_type != OutputType::generate_until)
    refuse("strategy", "goes with output_type: generate_until.");
  if (options.strategy != Strategy::direct && task.filters.front().name == "none")
    refuse("strategy", "needs a filter_list that cuts the answer out of the steps.");
  if (shows_steps(options.strategy) && (most == 0 || task.doc_to_reasoning.empty()))
    refuse("strategy", "worked steps stand in examples: name doc_to_reasoning, and --examples above 0.");
  if (options.strategy == Strategy::zero_shot_cot && most > 0)
    refuse("strategy", "zero-shot-cot has no examples: expected --examples 0.");
  if (options.self_consistency < 1) refuse("self-consistency", "expected 1 or more.");
  if (options.self_consistency > 1 &&
      (task.output_type != OutputType::generate_until || task.generation.sampling.temperature == 0))
    refuse("self-consistency",
           "several answers differ only where they are drawn: output_type generate_until, do_sample: true and a "
           "temperature.");
  if (options.select == Selection::nearest && most > 0 && question.similarity == nullptr)
    refuse("select", "nearest needs to know how near examples are.");
  if (options.control == Control::unrelated && question.unrelated.empty())
    refuse("control", "unrelated needs texts: --unrelated LINES.txt.");
  if (options.control != Control::none && most == 0) refuse("control", "there are no examples to change.");
}

std::vector<CurvePoint> curve_of(const std::vector<SettingResult>& results) {
  std::vector<CurvePoint> curve;
  std::set<int64_t> counts;
  for (const auto& result : results)
    counts.insert(result.setting.examples);
  for (const int64_t count : counts) {
    std::vector<double> values;
    CurvePoint point{.examples = count, .metric = "", .filter = ""};
    for (const auto& result : results) {
      if (result.setting.examples != count) continue;
      const auto& score = result.scores.front();
      values.push_back(score.value);
      point.metric = score.metric;
      point.filter = score.filter;
    }
    point.settings = static_cast<int64_t>(values.size());
    for (const double value : values)
      point.mean += value / static_cast<double>(values.size());
    point.low = *std::ranges::min_element(values);
    point.high = *std::ranges::max_element(values);
    for (const double value : values)
      point.deviation += (value - point.mean) * (value - point.mean);
    point.deviation = values.size() > 1 ? std::sqrt(point.deviation / static_cast<double>(values.size() - 1)) : 0;
    curve.push_back(point);
  }
  return curve;
}

std::vector<SettingResult> evaluate(const Question& question, const EvaluationOptions& given, LanguageModel& model,
                                    Reporter& reporter) {
  auto options = given;
  if (question.task.sampler == "first_n" && options.select == Selection::random) options.select = Selection::first;
  const auto counts = counts_of(question, options);
  check(question, options);
  const bool draws = draws_matter(options.select) || options.control != Control::none;
  std::vector<Setting> settings;
  for (const int64_t count : counts) {
    for (int64_t draw = 0; draw < (count > 0 && draws ? options.draws : 1); ++draw) {
      for (int64_t order = 0; order < (count > 1 ? options.orders : 1); ++order)
        settings.push_back({count, draw, order});
    }
  }
  Evaluator evaluator(question, options, model);
  std::vector<SettingResult> results;
  for (const auto& setting : settings) {
    stop_if_asked();
    results.push_back(evaluator.ask(setting));
    reporter.progress({"prompt", static_cast<int64_t>(results.size()), static_cast<int64_t>(settings.size()),
                       fmt::format("{} examples", setting.examples), 0, "settings"});
  }
  return results;
}

}  // namespace graft::prompting
