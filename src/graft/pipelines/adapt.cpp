#include "graft/pipelines/adapt.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/quantities.h"
#include "graft/core/signals.h"
#include "graft/data/clip_source.h"
#include "graft/engine/prepared_run.h"
#include "graft/engine/resume.h"
#include "graft/engine/run_config.h"
#include "graft/engine/run_record.h"
#include "graft/engine/teacher.h"
#include "graft/engine/workload.h"
#include "graft/io/yaml_options.h"
#include "graft/methods/entry.h"
#include "graft/models/sources.h"
#include "graft/nn/tensor_file.h"
#include "graft/planner/planner.h"
#include "graft/planner/process_memory.h"
#include "graft/tasks/prediction_file.h"
#include "graft/tensor/finite.h"
#include "graft/train/after_steps.h"
#include "graft/train/checkpoint.h"
#include "graft/train/run_folder.h"
#include "graft/train/trainer.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

// Said where it is worth a thought: more threads that read, or frames that are kept.
std::string waiting(const train::TrainOutcome& outcome) {
  constexpr double kShare = 0.05, kSeconds = 1;
  if (outcome.waited < kSeconds || outcome.waited < kShare * outcome.seconds) return "";
  return fmt::format(", {:.0f} % of it waiting for data", 100 * outcome.waited / outcome.seconds);
}

// One run, step by step.
class Run {
 public:
  Run(engine::Session& session, const engine::AdaptOptions& options, const OptionValues& method_options,
      Reporter& report, int64_t drift_examples)
      : session_(session),
        options_(options),
        method_options_(method_options),
        report_(report),
        drift_examples_(drift_examples) {}
  AdaptResult run();

 private:
  void prepare();
  void plan();
  void open_folder();
  void reopen_folder(const OptionValues& config);
  void keep_record();
  void check_trained() const;
  void train();
  void report_stop();
  void test_and_save();
  void find_words();
  void find_frames();
  void measure_drift();

  engine::Session& session_;
  const engine::AdaptOptions& options_;
  const OptionValues& method_options_;
  Reporter& report_;
  int64_t drift_examples_;
  at::Tensor test_rows_;  // that the head read of the test split
  std::optional<engine::PreparedRun> prepared_;
  std::optional<train::RunFolder> folder_;
  bool recompute_ = false;
  engine::RunRecord record_;
  std::string older_identity_;  // where the checkpoint is of a graft that knew photos by name
  bool same_machine_ = true;
  double seconds_before_ = 0;  // of the run's earlier processes
  Clock::time_point start_ = Clock::now();
  AdaptResult result_;
};

AdaptResult Run::run() {
  const int64_t encoded_before = session_.encoder().encoded();
  try {
    prepare();
    plan();
    open_folder();
    train();
    if (result_.stopped_by == 0) test_and_save();
  } catch (const Stopped& stopped) {
    result_.stopped_by = stopped.signal;
  }
  if (result_.stopped_by != 0) report_stop();
  keep_record();
  result_.photos_encoded = session_.encoder().encoded() - encoded_before;
  result_.peak_memory_bytes = planner::peak_resident_bytes();
  if (drift_examples_ > 0 && result_.stopped_by == 0) measure_drift();
  return std::move(result_);
}

// Also when it was stopped between training and the end, or before the first step.
void Run::report_stop() {
  if (result_.folder.empty()) return report_.line("stopped", "nothing was written");
  const auto last = train::last_checkpoint(folder_->checkpoints());
  if (last) result_.checkpoint = fs::relative(*last, result_.folder);
  report_.line("stopped",
               fmt::format("{} · go on with: graft adapt --resume {}",
                           last ? last->string() : "before the first checkpoint", shell_path(result_.folder.string())));
}

// Everything that may be wrong is found here, before anything is written.
void Run::prepare() {
  auto& run = prepared_.emplace(session_, options_, method_options_, report_);
  result_.classes = run.dataset.classes;
  result_.data_root = run.dataset.root;
  result_.reads = run.dataset.reads;
  result_.trained_parameters = run.trained_parameters();
  result_.frozen_parameters = session_.model()->info().parameters;
  result_.features_cached = run.cached();
}

void Run::plan() {
  auto& run = *prepared_;
  report_.line("method", run.describe_method());
  planner::Planner planner(engine::workload_of(run));
  const auto choice = planner::choose_plan(planner, engine::plan_options(run));
  recompute_ = choice.plan.recompute;
  report_.line("plan", fmt::format("about {} on {} threads ({}){} · {}", format_bytes(choice.plan.bytes()),
                                   at::get_num_threads(), run.info.precision,
                                   recompute_ ? ", activations made twice" : "", run.describe_features()));
  if (!choice.fits()) report_.warn(choice.advice);
}

void Run::open_folder() {
  const auto& run = *prepared_;
  result_.command = record_.command = session_.host().command;
  if (options_.resume.empty() && options_.output.empty()) return;
  engine::AdaptOptions options = run.options;
  options.train.recompute = recompute_ ? planner::Recompute::all : planner::Recompute::none;
  const OptionValues config = engine::run_config(options, run.method_options, run.recipe, run.info,
                                                 run.adapted.method->head(run.adapted.setting).init);
  record_.machine = engine::machine_of_this_run();
  record_.identity = engine::run_identity(config, session_.model()->info(), run.dataset,
                                          [&](data::Split split) -> const data::Source& { return *run.source(split); });
  if (const auto& teacher = run.options.teacher.teacher; !teacher.empty())
    record_.identity.teacher = engine::teacher_content(teacher, session_.host().environment);
  if (!options_.resume.empty()) {
    reopen_folder(config);
  } else {
    folder_ = train::RunFolder::create(options_.output, options_.force, config, engine::to_json(record_));
    std::string bad;
    for (const auto& file : session_.bad_files())
      bad += fmt::format("{}\t{}\n", file.file, file.reason);
    if (!bad.empty()) folder_->write_text("bad-files.txt", bad);
  }
  result_.folder = folder_->path();
}

// Nothing is written before all of it is known to be the same run.
void Run::reopen_folder(const OptionValues& config) {
  const fs::path path = options_.resume;
  const OptionValues before = io::read_yaml_options(path / "config.yaml");
  const auto checkpoint = train::load_last_checkpoint(path / "checkpoints");
  const auto known = engine::read_run_record(path);
  if (known) engine::check_same_run(path, known->identity, record_.identity);
  if (!known || (checkpoint && checkpoint->identity != record_.identity.hex())) {
    OptionValues own = config;  // of an older graft, which did not know every option
    std::erase_if(own, [&](const auto& option) { return !before.contains(option.first); });
    older_identity_ = engine::identity_by_names(own, prepared_->info.fingerprint, prepared_->dataset);
    if (checkpoint && checkpoint->identity != older_identity_) {
      throw ConfigError("resume",
                        "{} was trained with other options, or its model or photos have changed since. Nothing was "
                        "touched. Start a new run.",
                        path.string());
    }
  }
  folder_ = train::RunFolder::reopen(path);
  if (known) {
    same_machine_ = known->machine == record_.machine;
    record_.command = result_.command = known->command;
    record_.seconds = known->seconds;
    record_.train_seconds = known->train_seconds;
    record_.legs = known->legs + 1;
    if (!same_machine_) {
      report_.note(
          {fmt::format("the run was computed by {}, and goes on by {}: its last bits may not be those of a run "
                       "that never stopped",
                       known->machine, record_.machine)});
    }
  } else {
    report_.note(
        {"the run was begun by an older graft, which knew photos by their names: whether their contents are "
         "the same cannot be told"});
  }
  // Of a process that was killed only what the checkpoint knows.
  const double trained = checkpoint ? checkpoint->train_seconds : 0;
  seconds_before_ = record_.seconds + std::max(0.0, trained - record_.train_seconds);
  folder_->write_text("run.json", engine::to_json(record_));
  if (before.at("epochs") != config.at("epochs")) {
    OptionValues longer = before;
    longer["epochs"] = config.at("epochs");
    folder_->write_text("config.yaml", io::print_yaml_options(longer));
  }
}

// Also when the run was stopped.
void Run::keep_record() {
  result_.seconds = seconds_before_ + seconds_since(start_);
  result_.legs = record_.legs;
  if (!folder_) return;
  record_.seconds = result_.seconds;
  record_.train_seconds = std::max(record_.train_seconds, result_.train_seconds);
  folder_->write_text("run.json", engine::to_json(record_));
}

void Run::train() {
  auto& run = *prepared_;
  auto stage = run.stage();
  run.adapted.method->before_training(stage);
  run.objective->parameters_changed();
  if (run.trains()) {
    const auto source = run.batches();
    const auto& t = run.options.train;
    train::Trainer trainer(*run.objective, *source,
                           {.recipe = run.recipe,
                            .grad_accum = t.grad_accum,
                            .unit = data::rate_unit_of(run.dataset.reads),
                            .patience = t.patience,
                            .val_every = t.val_every,
                            .checkpoint_every = t.checkpoint_every,
                            .keep = t.keep,
                            .seed = run.seed(),
                            .recompute = recompute_,
                            .identity = record_.identity.hex(),
                            .older_identity = older_identity_,
                            .precision = run.info.precision,
                            .at_zero = run.options_at_zero(),
                            .same_machine = same_machine_,
                            .rates = run.adapted.adaptation.rates},
                           folder_ ? &*folder_ : nullptr, report_);
    const train::TrainOutcome outcome = trainer.run();
    result_.steps = outcome.steps;
    result_.epochs = outcome.epochs;
    result_.train_seconds = std::max(outcome.all_seconds, record_.train_seconds);  // a checkpoint does not know its end
    result_.stopped_by = outcome.stopped_by;
    if (outcome.stopped_by != 0) return;
    result_.waited = outcome.waited;
    report_.line("train",
                 fmt::format("{} steps in {:.1f} s{}{}", outcome.steps_here, outcome.seconds,
                             outcome.early ? ", stopped early at the best validation score" : "", waiting(outcome)));
  } else if (folder_) {
    folder_->start_metrics(0, run.objective->score_names());
  }
  auto after = run.stage();
  run.adapted.method->after_training(after);
  run.objective->parameters_changed();
  check_trained();
}

// The last step's changes have not been seen by any loss.
void Run::check_trained() const {
  std::string wrong;
  for (const auto* changed : {&prepared_->adapted.parameters, &prepared_->adapted.statistics}) {
    for (const auto& [name, value] : *changed) {
      if (const auto bad = tensor::not_finite(value); bad.count > 0)
        wrong += fmt::format("\n  {}: {} of {} numbers, the first is {}", name, bad.count, value.numel(), bad.value);
    }
  }
  if (wrong.empty()) return;
  throw DivergenceError("train",
                        "what was trained is not finite at the end, and was not saved:{}\n  Try a smaller --lr, "
                        "or --clip 1.",
                        wrong);
}

// Of texts: what decided the surest mistakes.
void Run::find_words() {
  const auto& run = *prepared_;
  const auto& predictions = result_.test_predictions;
  if (run.dataset.reads != data::Reads::text || predictions.target != data::Target::label) return;
  for (const auto row : tasks::surest_mistakes(predictions, kMistakesShown)) {
    result_.mistake_words[row] =
        word_weights(run.adapted, *run.source(data::Split::test), row, tasks::top(predictions, row, 1).front().first);
  }
}

// Of clips: the frames that the surest mistakes were read from.
void Run::find_frames() {
  const auto& run = *prepared_;
  const auto* clips = dynamic_cast<const data::ClipSource*>(run.source(data::Split::test).get());
  if (!clips || result_.test_predictions.target != data::Target::label) return;
  for (const auto row : tasks::surest_mistakes(result_.test_predictions, kMistakesShown))
    result_.mistake_frames[row] = clips->images(row * clips->views());
}

// Last, for the method is taken off the model.
void Run::measure_drift() {
  DriftMeasure measure(*prepared_, test_rows_, drift_examples_, report_);
  prepared_.reset();
  result_.drift = measure.against_frozen(session_, report_);
}

void Run::test_and_save() {
  auto& run = *prepared_;
  if (folder_) result_.adapter_bytes = engine::save_adapter(folder_->path(), run.adapted, run.info);
  if (folder_ && run.auxiliary())
    nn::write_tensors(folder_->path() / engine::kAuxiliaryFile, run.auxiliary()->to_checkpoint(), {{"format", "pt"}});
  train::after_steps(result_.steps, [&] {
    result_.val = run.objective->validate();
    result_.test_predictions = run.objective->predict(*run.source(data::Split::test), [&](const at::Tensor& rows) {
      if (drift_examples_ > 0) test_rows_ = rows;
    });
  });
  result_.test = run.task->score(result_.test_predictions, /*intervals=*/true);
  const auto& test = result_.test;
  find_words();
  find_frames();
  if (folder_) result_.shown_masks = show_masks(run, report_);
  report_.line("test", tasks::format_scores(test, tasks::scores_shown(run.dataset.reads, run.dataset.target)));
  if (!folder_) return;
  tasks::write_predictions(folder_->path() / "predictions.jsonl", "test", result_.test_predictions,
                           run.dataset.classes);
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  const auto now = unix_seconds();
  folder_->add(
      {result_.steps, result_.epochs, "test", test.loss, train::named_scores(test), unknown, unknown, unknown, now});
  folder_->sync_metrics();
  report_.line("saved", fmt::format("{}: adapter ({})", folder_->path().string(), format_bytes(result_.adapter_bytes)));
}

}  // namespace

AdaptResult adapt(const engine::AdaptOptions& options, const OptionValues& method_options, const engine::Host& host,
                  Reporter& report) {
  if (!options.resume.empty())
    return resume(options.resume, engine::given_options(options, method_options), host, report);
  if (options.method.empty()) throw UsageError("adapt", "which method? Give --method one that `graft methods` lists.");
  methods::make_method(options.method, method_options);  // a misspelt name is told before anything is loaded
  if (!options.memory.empty()) parse_bytes("plan", "memory", options.memory);
  if (!options.output.empty()) train::RunFolder::check_output(options.output, options.force);
  engine::Session session(options.model, options.data, host, report, {data::Split::train, data::Split::test},
                          options.shots);
  return adapt(session, options, method_options, report);
}

AdaptResult resume(const std::string& folder, const OptionValues& given, const engine::Host& host, Reporter& report) {
  const engine::AdaptRequest request = engine::resumed_request(folder, given);
  engine::Session session(request.options.model, request.options.data, host, report,
                          {data::Split::train, data::Split::test}, request.options.shots);
  return adapt(session, request.options, request.method_options, report);
}

AdaptResult adapt(engine::Session& session, const engine::AdaptOptions& options, const OptionValues& method_options,
                  Reporter& report, int64_t drift_examples) {
  return Run(session, options, method_options, report, drift_examples).run();
}

}  // namespace graft::pipelines
