#include "graft/engine/adapt.h"

#include <sys/resource.h>
#include <torch/types.h>

#include <chrono>
#include <limits>
#include <utility>

#include "graft/core/error.h"
#include "graft/data/few_shot.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/augmentation.h"
#include "graft/engine/classification.h"
#include "graft/engine/prediction_file.h"
#include "graft/engine/restore_model.h"
#include "graft/engine/run_config.h"
#include "graft/engine/run_folder.h"
#include "graft/engine/stopped.h"
#include "graft/engine/trainer.h"
#include "graft/engine/words.h"
#include "graft/io/yaml_options.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

int64_t peak_memory_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return int64_t{1024} * usage.ru_maxrss;
}

// One run, step by step.
class Run {
 public:
  Run(Session& session, AdaptOptions options, const OptionValues& method_options, Reporter& report);
  AdaptResult run();

 private:
  void prepare();
  void plan();
  void open_folder();
  std::unique_ptr<Batches> batches();
  void train();
  void report_stop();
  void test_and_save();

  methods::FeatureSet features(methods::Split split, nn::Place place, int64_t views);
  methods::Stage stage() {
    return {session_.model(),
            *adapted_.classifier,
            adapted_.adaptation,
            [this](auto split, auto place, auto views) { return features(split, place, views); },
            Random(seed()).fork("stage"),
            report_};
  }
  EvaluationSet set(const std::vector<data::Sample>& samples) const;
  uint64_t seed() const { return static_cast<uint64_t>(options_.seed); }

  Session& session_;
  AdaptOptions options_;
  OptionValues method_options_;
  Reporter& report_;
  std::unique_ptr<methods::Method> method_;
  data::Dataset data_;
  AdapterInfo info_;
  methods::Recipe recipe_;
  std::unique_ptr<plugins::Loss> loss_;
  RestoreModel restore_;
  Adapted adapted_;
  nn::Place place_ = 0;  // where training begins: nothing below it changes
  bool cached_ = false;  // features at that place are held
  bool installed_ = false;
  nn::Place earliest_ = 0;  // the first place that the adaptation may change
  std::unique_ptr<Classification> task_;
  std::optional<RunFolder> folder_;
  std::string identity_;
  AdaptResult result_;
};

Run::Run(Session& session, AdaptOptions options, const OptionValues& method_options, Reporter& report)
    : session_(session),
      options_(std::move(options)),
      method_options_(method_options),
      report_(report),
      restore_(*session.model()) {}

AdaptResult Run::run() {
  const auto start = Clock::now();
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
  result_.seconds = seconds_since(start);
  result_.photos_encoded = session_.encoder().encoded() - encoded_before;
  result_.peak_memory_bytes = peak_memory_bytes();
  return std::move(result_);
}

// Also when it was stopped between training and the end, or before the first step.
void Run::report_stop() {
  if (result_.folder.empty()) return report_.line("stopped", "nothing was written");
  const auto last = last_checkpoint(folder_->checkpoints());
  if (last) result_.checkpoint = fs::relative(*last, result_.folder);
  report_.line("stopped", fmt::format("{} · go on with: graft adapt --resume {}",
                                      last ? last->string() : "before the first checkpoint", result_.folder.string()));
}

// Everything that may be wrong is found here, before anything is written.
void Run::prepare() {
  if (options_.method.empty()) throw UsageError("adapt", "which method? Give --method one that `graft methods` lists.");
  if (options_.shots < 0) throw ConfigError("adapt", "--shots: expected 0 or more, got {}.", options_.shots);
  if (!options_.output.empty() && options_.resume.empty()) RunFolder::check_output(options_.output, options_.force);
  const auto model = session_.model();
  method_ = methods::make_method(options_.method, method_options_);
  data_ = options_.shots > 0 ? data::few_shot(session_.dataset(), options_.shots, seed()) : session_.dataset();
  result_.classes = data_.classes;
  result_.data_root = data_.root;

  methods::Problem problem{model, data_.classes, options_.shots, static_cast<int64_t>(data_.train.size())};
  earliest_ = model->projected();
  method_->decide(
      problem, [this](auto split, auto place, auto views) { return features(split, place, views); }, report_);
  method_options_ = method_->config();

  const auto train_size = static_cast<int64_t>(data_.train.size());
  if (options_.train.batch_size && *options_.train.batch_size > train_size) {
    throw ConfigError("train", "--batch-size {}: there are {} training photos.", *options_.train.batch_size,
                      train_size);
  }
  recipe_ = apply(options_.train, method_->recipe(problem));
  loss_ = plugins::make_loss(options_.train.loss);
  recipe_.batch_size = std::min(recipe_.batch_size, train_size);

  if (!options_.classifier) options_.classifier = method_->classifier(*model);
  info_ = {.base = model->info().source,
           .fingerprint = model->info().fingerprint,
           .family = model->info().family,
           .layout = model->info().layout,
           .method = options_.method,
           .method_options = method_options_,
           .classifier = *options_.classifier,
           .classes = data_.classes,
           .templates = read_templates(options_.templates, options_.templates_file),
           .shots = options_.shots,
           .train_size = train_size,
           .seed = options_.seed,
           .image_size = static_cast<int64_t>(model->info().preprocessing.output().height),
           .precision = std::string(tensor::to_string(model->precision()))};
  auto method = std::move(method_);
  // Parameters that a method trains are found only once it is attached: the copy that is restored is made in between.
  adapted_ = build_adapted(model, std::move(method), info_,
                           [this](const methods::Adaptation& adaptation) { restore_.save(adaptation.trained); });
  earliest_ = methods::earliest_change(adapted_.adaptation, *model);
  for (const auto& [name, parameter] : adapted_.parameters)
    result_.trained_parameters += parameter.numel();
  result_.frozen_parameters = model->info().parameters;
}

void Run::plan() {
  const auto& model = *session_.model();
  const bool random = recipe_.augmentation != methods::Augmentation::none;
  const auto photos = static_cast<int64_t>(data_.train.size());
  place_ = kept_place(std::min(earliest_, adapted_.method->features_at(model)));
  cached_ = place_ > 0 && session_.encoder().fits(photos + static_cast<int64_t>(data_.test.size()), place_);
  result_.features_cached = cached_ && !random;
  const bool trains = recipe_.epochs > 0 && !adapted_.parameters.empty();

  const double share = static_cast<double>(result_.trained_parameters) / static_cast<double>(result_.frozen_parameters);
  std::string text =
      fmt::format("{} · {} trained ({:.2g} %)", options_.method, count_words(result_.trained_parameters), 100 * share);
  if (trains) {
    text += fmt::format(" · {} {:.3g}, {}, {} epochs of {} photos, batch {}", option::print(recipe_.optimizer),
                        recipe_.lr, option::print(recipe_.schedule), recipe_.epochs, photos, recipe_.batch_size);
  }
  report_.line("method", text);
  std::string why;
  if (place_ == 0) {
    why = fmt::format("image features cannot be kept: {} changes block 0", options_.method);
  } else if (!cached_) {
    why = "image features are too many to keep in memory";
  } else if (random && trains) {
    why = fmt::format("training photos are augmented ({}): the image tower runs on each view",
                      option::print(recipe_.augmentation));
  } else {
    why = "image features are kept: each photo goes through the frozen layers once";
  }
  report_.line("plan", why);

  task_ = std::make_unique<Classification>(
      adapted_, session_.encoder(),
      Classification::Options{
          .place = place_, .loss = std::move(loss_), .label_smoothing = recipe_.label_smoothing, .cached = cached_},
      set(data_.val), report_);
}

void Run::open_folder() {
  const OptionValues config = run_config(options_, method_options_, recipe_, info_);
  identity_ = run_identity(config, info_.fingerprint, data_);
  if (!options_.resume.empty()) {
    folder_ = RunFolder::reopen(options_.resume);
  } else if (!options_.output.empty()) {
    folder_ = RunFolder::create(options_.output, options_.force, config);
    std::string bad;
    for (const auto& file : session_.bad_files())
      bad += fmt::format("{}\t{}\n", file.file, file.reason);
    if (!bad.empty()) folder_->write_text("bad-files.txt", bad);
  }
  if (folder_) result_.folder = folder_->path();
}

EvaluationSet Run::set(const std::vector<data::Sample>& samples) const {
  EvaluationSet set;
  for (const auto& sample : samples) {
    set.files.push_back(sample.file);
    set.paths.push_back(data_.path(sample));
    set.labels.push_back(sample.label);
  }
  return set;
}

methods::FeatureSet Run::features(methods::Split split, nn::Place place, int64_t views) {
  const auto set = this->set(split == methods::Split::train ? data_.train : data_.val);
  Encoder& encoder = session_.encoder();
  const bool random = views > 1;
  at::Tensor rows;
  if (random) {
    // Tip-Adapter's views: random crops and flips, unless the run augments in its own way.
    const auto augmentation = recipe_.augmentation == methods::Augmentation::none
                                  ? data::Augmentation::random_resized_crop_and_flip()
                                  : augmentation_of(recipe_);
    rows = encoder.augmented(set.paths, place, views, augmentation, Random(seed()).fork("views"), report_);
  } else if (place <= earliest_) {
    rows = encoder.features(set.paths, place, report_);
  } else {
    rows = encoder.compute(set.paths, place, report_);
  }
  return {feature_rows(rows), torch::tensor(set.labels, at::kLong).repeat({views})};
}

std::unique_ptr<Batches> Run::batches() {
  Encoder& encoder = session_.encoder();
  const auto set = this->set(data_.train);
  const data::ImageTransform transform(session_.model()->info().preprocessing, augmentation_of(recipe_));
  const int64_t workers = std::max<int64_t>(1, options_.data.workers);
  auto loader = std::make_unique<data::Loader>(data_.root, data_.train, transform,
                                               data::LoaderOptions{.batch_size = recipe_.batch_size,
                                                                   .workers = workers,
                                                                   .epochs = recipe_.epochs,
                                                                   .seed = Random(seed()).fork("order").seed(),
                                                                   .shuffle = true},
                                               session_.images());
  if (result_.features_cached) {
    at::Tensor labels = torch::tensor(set.labels, at::kLong);
    auto order = [loader = std::shared_ptr<data::Loader>(std::move(loader))](int64_t epoch) {
      return loader->order(epoch);
    };
    return std::make_unique<FeatureBatches>(encoder.features(set.paths, place_, report_), std::move(labels),
                                            recipe_.batch_size, std::move(order));
  }
  return std::make_unique<PhotoBatches>(
      std::move(loader), static_cast<int64_t>(data_.train.size()), recipe_.batch_size, transform.output(),
      [&encoder, place = place_](const at::Tensor& pixels) { return encoder.run(pixels, 0, place); });
}

void Run::train() {
  auto stage = this->stage();
  adapted_.method->before_training(stage);
  task_->parameters_changed();
  if (recipe_.epochs > 0 && !adapted_.parameters.empty()) {
    const auto source = batches();
    const auto& t = options_.train;
    Trainer trainer(*task_, *source,
                    {.recipe = recipe_,
                     .grad_accum = t.grad_accum,
                     .patience = t.patience,
                     .val_every = t.val_every,
                     .checkpoint_every = t.checkpoint_every,
                     .keep = t.keep,
                     .seed = seed(),
                     .identity = identity_},
                    folder_ ? &*folder_ : nullptr, report_);
    const TrainOutcome outcome = trainer.run();
    result_.steps = outcome.steps;
    result_.epochs = outcome.epochs;
    result_.train_seconds = outcome.seconds;
    result_.stopped_by = outcome.stopped_by;
    if (outcome.stopped_by != 0) return;
    report_.line("train", fmt::format("{} steps in {:.1f} s{}", outcome.steps_here, outcome.seconds,
                                      outcome.early ? ", stopped early at the best validation accuracy" : ""));
  } else if (folder_) {
    folder_->start_metrics(0);
  }
  auto after = this->stage();
  adapted_.method->after_training(after);
  task_->parameters_changed();
}

void Run::test_and_save() {
  if (folder_) result_.adapter_bytes = save_adapter(folder_->path(), adapted_, info_);
  result_.val = task_->validate();
  result_.test_predictions = task_->predict(set(data_.test));
  result_.test = score(result_.test_predictions);
  const auto& test = result_.test;
  report_.line("test", fmt::format("{}  (95 % interval {:.1f} to {:.1f})  mean per class {}", percent(test.accuracy),
                                   100 * test.interval.low, 100 * test.interval.high, percent(test.mean_per_class)));
  if (!folder_) return;
  folder_->write_text("predictions.jsonl", prediction_lines("test", result_.test_predictions, data_.classes));
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  folder_->add({result_.steps, result_.epochs, "test", test.loss, test.accuracy, unknown, unknown, unknown, now});
  folder_->sync_metrics();
  report_.line("saved", fmt::format("{}: adapter ({})", folder_->path().string(), bytes_words(result_.adapter_bytes)));
}

}  // namespace

AdaptResult adapt(const AdaptOptions& options, const OptionValues& method_options, const Host& host, Reporter& report) {
  if (!options.resume.empty()) {
    const fs::path folder(options.resume);
    if (!fs::exists(folder / "config.yaml")) {
      throw FileError("resume", "{} holds no config.yaml: nothing to go on with. Is it a run folder?", options.resume);
    }
    AdaptRequest request = read_adapt_request(io::read_yaml_options(folder / "config.yaml"));
    request.options.resume = options.resume;
    if (options.data.workers != DataOptions{}.workers) request.options.data.workers = options.data.workers;
    if (options.model.threads != 0) request.options.model.threads = options.model.threads;
    Session session(request.options.model, request.options.data, host, report);
    return adapt(session, request.options, request.method_options, report);
  }
  if (options.method.empty()) throw UsageError("adapt", "which method? Give --method one that `graft methods` lists.");
  methods::make_method(options.method, method_options);  // a misspelt name is told before anything is loaded
  if (!options.output.empty()) RunFolder::check_output(options.output, options.force);
  Session session(options.model, options.data, host, report);
  return adapt(session, options, method_options, report);
}

AdaptResult adapt(Session& session, const AdaptOptions& options, const OptionValues& method_options, Reporter& report) {
  return Run(session, options, method_options, report).run();
}

}  // namespace graft::engine
