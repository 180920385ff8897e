#include "graft/study/compute_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/engine/compute_threads.h"
#include "graft/engine/options.h"
#include "graft/engine/run_record.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/zero_shot.h"
#include "graft/tasks/accuracy.h"

namespace graft::study {
namespace {

constexpr int64_t kAligned = 512;  // test examples on which it is seen how far features have moved
constexpr int kErrorLength = 400;  // of what a table shows

// What a table can show of an error: its lines as one.
std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c != '\n' && c != ' ')
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  if (line.ends_with(' ')) line.pop_back();
  const auto beginning = fmt::format("{:.{}}", line, kErrorLength);  // cuts between characters
  return beginning.size() == line.size() ? line : beginning + " ...";
}

void keep_predictions(const tasks::Predictions& predictions, const std::vector<std::string>& classes,
                      StudyFolder& folder, RunResult& result) {
  const bool labelled =
      std::all_of(predictions.labels.begin(), predictions.labels.end(), [](int64_t l) { return l >= 0; });
  if (predictions.target != data::Target::label || !labelled) return;
  result.items = folder.add(Items{predictions.files, classes, predictions.labels});
  for (int64_t row = 0; row < static_cast<int64_t>(predictions.labels.size()); ++row) {
    const auto best = tasks::top(predictions, row, 1).front();
    result.predicted.push_back(best.first);
    result.probability.push_back(static_cast<float>(best.second));
  }
}

void keep_scores(const tasks::Scores& scores, RunResult& result) {
  result.count = scores.count;
  result.loss = scores.loss;
  for (const auto& score : scores.all) {
    if (score.more_is_better) result.scores[score.name] = score.value;  // what a study may decide by
  }
}

}  // namespace

RunResult compute_run(const PlannedRun& run, Place& place, StudyFolder& folder, const engine::Host& host) {
  RunResult result{.identity = run.identity, .cell = run.cell, .options = run.options};
  place.inside.who = print(run.cell);
  auto& session = *place.session;
  const auto start = Clock::now();
  const double shared_before = session.encoder().seconds();
  double not_counted = 0;  // seconds that are no part of the method
  try {
    engine::set_compute_threads(model_options(run.options).threads, host, place.inside);
    result.machine = engine::machine_of_this_run();
    if (is_zero_shot(run.options)) {
      const auto text = [&](const char* name) {
        const auto found = run.options.find(name);
        return found == run.options.end() ? std::string() : found->second;
      };
      const auto evaluation = pipelines::zero_shot(session, engine::read_templates(text("template"), text("templates")),
                                                   data::Split::test, place.inside);
      keep_scores(evaluation.scores, result);
      keep_predictions(evaluation.predictions, evaluation.classes, folder, result);
    } else {
      const auto request = engine::read_adapt_request(run.options);
      const auto adapted = pipelines::adapt(session, request.options, request.method_options, place.inside,
                                            run.cell.trial > 0 ? 0 : kAligned);
      if (adapted.drift) {
        result.alignment = adapted.drift->alignment;
        result.aligned = adapted.drift->examples;
        not_counted = adapted.drift->seconds;
      }
      if (adapted.stopped_by != 0) throw Stopped(adapted.stopped_by);
      result.trained_parameters = adapted.trained_parameters;
      result.steps = adapted.steps;
      result.epochs = adapted.epochs;
      result.train_seconds = adapted.train_seconds;
      if (adapted.val && adapted.val->count > 0) {
        result.val = adapted.val->first().value;
        for (const auto& score : adapted.val->all) {
          if (score.more_is_better) result.val_scores[score.name] = score.value;
        }
      }
      keep_scores(adapted.test, result);
      keep_predictions(adapted.test_predictions, adapted.classes, folder, result);
    }
  } catch (const DivergenceError& error) {
    result.outcome = Outcome::diverged;
    result.error = one_line(error.what());
    result.count = static_cast<int64_t>(session.dataset().test.size());
  } catch (const Error& error) {
    result.outcome = Outcome::failed;
    result.error = one_line(error.what());
  } catch (const c10::Error& error) {
    result.outcome = Outcome::failed;
    result.error = one_line(error.what_without_backtrace());
  }
  result.seconds = seconds_since(start) - not_counted;
  result.shared_seconds = std::min(result.seconds, session.encoder().seconds() - shared_before);
  return result;
}

}  // namespace graft::study
