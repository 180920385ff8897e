#include "graft/engine/prepared_run.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/data/epoch_order.h"
#include "graft/data/loader.h"
#include "graft/data/photo_source.h"
#include "graft/engine/augmentation.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/prompt_notes.h"
#include "graft/engine/run_folder.h"
#include "graft/engine/words.h"

namespace graft::engine {

PreparedRun::PreparedRun(Session& with, AdaptOptions asked, const OptionValues& of_method, Reporter& to)
    : session(with), options(std::move(asked)), method_options(of_method), report(to), restore_(*session.model()) {
  check_options();
  dataset = session.draw(options.shots, seed(), report);
  choose();
}

void PreparedRun::check_options() const {
  if (options.method.empty()) throw UsageError("adapt", "which method? Give --method one that `graft methods` lists.");
  if (options.shots < 0) throw ConfigError("adapt", "--shots: expected 0 or more, got {}.", options.shots);
  if (!options.output.empty() && options.resume.empty()) RunFolder::check_output(options.output, options.force);
}

// Method, recipe and classifier, and where training begins.
void PreparedRun::choose() {
  const auto model = session.model();
  auto method = methods::make_method(options.method, method_options);
  methods::Problem problem{model, dataset.classes, options.shots, static_cast<int64_t>(dataset.train.size())};
  earliest_ = model->reader().last();
  method->decide(
      problem, [this](auto split, auto at, auto views) { return features(split, at, views); }, report);
  method_options = method->config();

  const auto train_size = static_cast<int64_t>(dataset.train.size());
  if (options.train.batch_size && *options.train.batch_size > train_size) {
    throw ConfigError("train", "--batch-size {}: there are {} training photos.", *options.train.batch_size, train_size);
  }
  recipe = apply(options.train, method->recipe(problem));
  auto loss = plugins::make_loss(options.train.loss);
  recipe.batch_size = std::min(recipe.batch_size, train_size);
  if (!options.classifier) options.classifier = method->classifier(*model);
  attach(std::move(method));

  const auto photos = static_cast<int64_t>(dataset.train.size() + dataset.test.size());
  place = kept_place(std::min(earliest_, adapted.method->features_at(*model)));
  kept = place > 0 && session.encoder().fits(photos, place);
  task = std::make_unique<Classification>(
      adapted, session.encoder(),
      Classification::Options{
          .place = place, .loss = std::move(loss), .label_smoothing = recipe.label_smoothing, .cached = kept},
      set(dataset.val), report);
}

void PreparedRun::attach(std::unique_ptr<methods::Method> method) {
  const auto model = session.model();
  info = {.base = model->info().source,
          .fingerprint = model->info().fingerprint,
          .family = model->info().family,
          .layout = model->info().layout,
          .method = options.method,
          .method_options = method_options,
          .classifier = *options.classifier,
          .classes = dataset.classes,
          .templates = read_templates(options.templates, options.templates_file),
          .shots = options.shots,
          .train_size = static_cast<int64_t>(dataset.train.size()),
          .seed = options.seed,
          .image_size = static_cast<int64_t>(model->info().preprocessing.output().height),
          .told = write_options(options.model.told),
          .precision = std::string(tensor::to_string(model->precision()))};
  // Parameters that a method trains are found only once it is attached: the copy that is restored is made in between.
  adapted = build_adapted(model, std::move(method), info,
                          [this](const methods::Adaptation& adaptation) { restore_.save(adaptation.trained); });
  earliest_ = methods::earliest_change(adapted.adaptation, *model);
  say_of_prompts(*adapted.classifier, info.classes, report);
}

int64_t PreparedRun::trained_parameters() const {
  int64_t count = 0;
  for (const auto& [name, parameter] : adapted.parameters)
    count += parameter.numel();
  return count;
}

std::string PreparedRun::describe_method() const {
  const double share =
      static_cast<double>(trained_parameters()) / static_cast<double>(adapted.model->info().parameters);
  std::string text =
      fmt::format("{} · {} trained ({:.2g} %)", options.method, count_words(trained_parameters()), 100 * share);
  if (trains()) {
    text +=
        fmt::format(" · {} {:.3g}, {}, {} epochs of {} photos, batch {}", option::print(recipe.optimizer), recipe.lr,
                    option::print(recipe.schedule), recipe.epochs, dataset.train.size(), recipe.batch_size);
  }
  return text;
}

std::string PreparedRun::describe_features() const {
  if (place == 0) return fmt::format("image features cannot be kept: {} changes block 0", options.method);
  if (!kept) return "image features are too many to keep in memory";
  if (augments() && trains()) {
    return fmt::format("training photos are augmented ({}): the image tower runs on each view",
                       option::print(recipe.augmentation));
  }
  return "image features are kept: each photo goes through the frozen layers once";
}

std::string PreparedRun::options_at_zero() const {
  std::vector<std::string> zero;
  for (const auto& info : method_option_infos(options.method)) {
    const auto found = method_options.find(info.name);
    if (found != method_options.end() && found->second == "0" && info.default_value != "0")
      zero.push_back("--" + info.name + " 0");
  }
  return fmt::format("{}", fmt::join(zero, ", "));
}

EvaluationSet PreparedRun::set(const std::vector<data::Sample>& samples) const {
  EvaluationSet set;
  for (const auto& sample : samples) {
    set.files.push_back(sample.input);
    set.paths.push_back(dataset.path(sample));
    set.labels.push_back(sample.label);
  }
  return set;
}

methods::FeatureSet PreparedRun::features(methods::Split split, nn::Place place, int64_t views) {
  const auto set = this->set(split == methods::Split::train ? dataset.train : dataset.val);
  Encoder& encoder = session.encoder();
  const bool random = views > 1;
  at::Tensor rows;
  if (random) {
    // Tip-Adapter's views: random crops and flips, unless the run augments in its own way.
    const auto augmentation = recipe.augmentation == methods::Augmentation::none
                                  ? data::Augmentation::random_resized_crop_and_flip()
                                  : augmentation_of(recipe);
    rows = encoder.augmented(set.paths, place, views, augmentation, Random(seed()).fork("views"), report);
  } else if (place <= earliest_) {
    rows = encoder.features(set.paths, place, report);
  } else {
    rows = encoder.rows(set.paths, place, report);
  }
  const auto& tower = session.model()->reader();
  return {tower.rows(tower.kept(rows, place)), torch::tensor(set.labels, at::kLong).repeat({views})};
}

std::unique_ptr<Batches> PreparedRun::batches() {
  Encoder& encoder = session.encoder();
  const auto set = this->set(dataset.train);
  const data::ImageTransform transform(session.model()->info().preprocessing, augmentation_of(recipe));
  const auto source = std::make_shared<data::PhotoSource>(dataset.root, dataset.train, transform, session.images());
  const data::LoaderOptions loading{.batch_size = recipe.batch_size,
                                    .workers = std::max<int64_t>(1, options.data.workers),
                                    .epochs = recipe.epochs,
                                    .seed = Random(seed()).fork("order").seed(),
                                    .shuffle = true};
  if (cached()) {
    auto order = [source, loading](int64_t epoch) {
      return data::epoch_order(*source, loading.batch_size, loading.seed, epoch);
    };
    const auto& tower = session.model()->reader();
    return std::make_unique<FeatureBatches>(tower.kept(encoder.features(set.paths, place, report), place),
                                            torch::tensor(set.labels, at::kLong), recipe.batch_size, std::move(order));
  }
  auto loader = std::make_unique<data::Loader>(source, loading);
  report_workers(loader->workers(), loading.workers, report);
  return std::make_unique<LoadedBatches>(
      std::move(loader), source->size(), recipe.batch_size, transform.output(),
      [&encoder, &tower = session.model()->reader(), place = place](const nn::Value& read) {
        return tower.kept(encoder.run(read.x, 0, place), place);
      });
}

methods::Stage PreparedRun::stage() {
  return {session.model(),
          *adapted.classifier,
          adapted.adaptation,
          [this](auto split, auto at, auto views) { return features(split, at, views); },
          Random(seed()).fork("stage"),
          report};
}

}  // namespace graft::engine
