#include "graft/pipelines/plan_run.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include <algorithm>
#include <functional>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/core/signals.h"
#include "graft/engine/workload.h"
#include "graft/features/encoder.h"
#include "graft/methods/entry.h"
#include "graft/planner/process_memory.h"
#include "graft/train/optimizer.h"

namespace graft::pipelines {
namespace {

constexpr int64_t kMeasured = 3;  // after one that is not

// The middle of several times that `work` takes.
double middle_seconds(int64_t times, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int64_t i = 0; i < times; ++i) {
    stop_if_asked();
    const auto start = Clock::now();
    work();
    seconds.push_back(seconds_since(start));
  }
  std::nth_element(seconds.begin(), seconds.begin() + times / 2, seconds.end());
  return seconds[static_cast<size_t>(times / 2)];
}

// Photos that go through the model without gradients: once where their features are kept, else as often as they are
// asked for.
int64_t passes_of(const engine::PreparedRun& run) {
  const auto count = [](const auto& split) { return static_cast<int64_t>(split.size()); };
  const auto& data = run.dataset;
  const auto passes_of = [each = features::examples_a_pass(run.frames())](int64_t examples) {
    return (examples + each - 1) / each;
  };
  if (run.kept) return passes_of((run.augments() ? 0 : count(data.train)) + count(data.val) + count(data.test));
  const auto every = run.options.train.val_every;
  const auto validations = run.trains() && every > 0 ? run.recipe.epochs / every : 0;
  return (validations + 1) * passes_of(count(data.val)) + passes_of(count(data.test));
}

Pace measure(engine::PreparedRun& run, const planner::Workload& work, bool recompute) {
  Pace pace{.passes = passes_of(run), .pass_examples = features::examples_a_pass(run.frames())};
  work.pass(pace.pass_examples);
  pace.pass_seconds = middle_seconds(kMeasured, [&] { work.pass(pace.pass_examples); });
  if (!run.trains()) return pace;
  const auto photos = static_cast<int64_t>(run.dataset.train.size());
  const auto per_epoch = (photos + run.recipe.batch_size - 1) / run.recipe.batch_size;
  pace.batches = run.recipe.epochs * per_epoch;
  if (run.recipe.steps > 0) pace.batches = std::min(pace.batches, run.recipe.steps * run.options.train.grad_accum);
  pace.measured = std::min(kMeasured, std::max<int64_t>(1, pace.batches - 1));
  train::Optimizer optimizer(run.objective->parameters(), {.kind = run.recipe.optimizer});
  const auto source = run.cached() ? nullptr : run.batches();
  if (source) source->seek(0, 0);
  const auto step = [&] {
    if (!source) {
      work.step(run.recipe.batch_size, recompute, [] {});
    } else {
      const auto batch = source->next();
      nn::Context context{
          .training = true, .recompute = recompute, .generator = at::make_generator<at::CPUGeneratorImpl>(1)};
      optimizer.clear_gradients();
      (run.objective->loss(batch, context) / std::max(1.0, run.objective->weight_of(batch))).backward();
    }
    optimizer.step(0);
    run.objective->parameters_changed();
  };
  if (pace.batches > 1) step();
  pace.batch_seconds = middle_seconds(pace.measured, step);
  return pace;
}

}  // namespace

double Pace::seconds() const {
  return static_cast<double>(batches) * batch_seconds + static_cast<double>(passes) * pass_seconds;
}

RunPlan plan_run(const engine::AdaptOptions& options, const OptionValues& method_options, const engine::Host& host,
                 Reporter& report) {
  if (!options.resume.empty()) {
    throw UsageError("plan", "--resume {}: a run that was begun has its plan in {}/log.txt.", options.resume,
                     options.resume);
  }
  methods::make_method(options.method, method_options);  // a misspelt name is told before anything is loaded
  if (!options.memory.empty()) parse_bytes("plan", "memory", options.memory);
  engine::Session session(options.model, options.data, host, report, {data::Split::train, data::Split::test},
                          options.shots);
  return plan_run(session, options, method_options, report);
}

RunPlan plan_run(engine::Session& session, const engine::AdaptOptions& options, const OptionValues& method_options,
                 Reporter& report) {
  engine::PreparedRun run(session, options, method_options, report);
  report.line("method", run.describe_method());
  planner::Planner planner(engine::workload_of(run));
  RunPlan result{.choice = planner::choose_plan(planner, engine::plan_options(run)), .other = {}, .pace = {}};
  const auto& plan = result.choice.plan;
  result.other = planner.plan(!plan.recompute, plan.batch_size);
  const auto left = planner::available_bytes();
  if (left == 0 || plan.bytes() <= left + planner::resident_bytes())
    result.pace = measure(run, planner.work(), plan.recompute);
  return result;
}

}  // namespace graft::pipelines
