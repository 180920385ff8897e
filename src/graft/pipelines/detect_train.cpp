#include "graft/pipelines/detect_train.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/quantities.h"
#include "graft/data/format.h"
#include "graft/io/yaml_options.h"
#include "graft/pipelines/detection/detector_folder.h"
#include "graft/pipelines/detection/detector_training.h"
#include "graft/train/after_steps.h"
#include "graft/train/run_folder.h"
#include "graft/train/trainer.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

// They change no bit.
bool is_free(const std::string& option) {
  for (const char* free : {"threads", "keep", "checkpoint-every", "output", "resume", "force", "model", "data",
                           "images", "validation", "validation-images", "task"})
    if (option == free) return true;
  return false;
}

void check_ranges(const DetectTrainOptions& o) {
  std::string wrong;
  const auto need = [&](bool fine, const char* name, const char* expected, auto value) {
    if (!fine) wrong += fmt::format("\n  --{}: expected {}, got {}", name, expected, value);
  };
  need(o.image_size >= 32 && o.image_size % 32 == 0 && o.image_size <= 4096, "image-size", "a multiple of 32, to 4096",
       o.image_size);
  need(o.epochs >= 1 && o.epochs <= 1'000'000, "epochs", "1 to a million", o.epochs);
  need(o.batch_size >= 1, "batch-size", "1 or more", o.batch_size);
  need(o.lr > 0, "lr", "more than 0", o.lr);
  need(o.weight_decay >= 0, "weight-decay", "0 or more", o.weight_decay);
  need(o.warmup >= 0, "warmup", "0 or more", o.warmup);
  need(o.clip >= 0, "clip", "0 or more", o.clip);
  need(o.val_every >= 0, "val-every", "0 or more", o.val_every);
  need(o.checkpoint_every >= 0, "checkpoint-every", "0 or more", o.checkpoint_every);
  need(o.keep >= 1, "keep", "1 or more", o.keep);
  need(o.threads >= 0, "threads", "0 or more", o.threads);
  if (!wrong.empty()) throw ConfigError("detect", "values out of range:{}", wrong);
}

methods::Recipe recipe_of(const DetectTrainOptions& o, int64_t photos) {
  methods::Recipe recipe;
  recipe.lr = o.lr;
  recipe.weight_decay = o.weight_decay;
  recipe.warmup_epochs = std::min(o.warmup, static_cast<double>(o.epochs));
  recipe.epochs = o.epochs;
  recipe.batch_size = std::min(o.batch_size, photos);
  recipe.clip_norm = o.clip;
  return recipe;
}

PhotoChanges changes_of(BoxAugmentation augment) {
  return {.flip = augment != BoxAugmentation::none, .scale = augment == BoxAugmentation::flip_scale};
}

// The detector for the set's classes: one that it knows by its name keeps its logits, the others' are new. Of a file
// that names none, they are its own where they are as many.
models::fcos::Detector gone_on(const DetectTrainOptions& o, const std::vector<std::string>& classes,
                               const engine::Host& host, Reporter& report) {
  const auto opened = open_detector(o.model, host.environment);
  if (opened.adapted) {
    throw ConfigError("detect",
                      "--model {}: {} stands in its network and would be lost. Name the detector or ResNet that it was "
                      "put on.",
                      o.model, opened.info.method);
  }
  const auto& known = opened.info.classes;
  std::vector<std::optional<int64_t>> rows(classes.size());
  for (size_t k = 0; k < classes.size(); ++k) {
    const auto found = std::ranges::find(known, classes[k], &DetectorClass::name);
    if (opened.named && found != known.end()) rows[k] = found - known.begin();
    if (!opened.named && known.size() == classes.size()) rows[k] = static_cast<int64_t>(k);
  }
  const auto stay = std::ranges::count_if(rows, [](const auto& row) { return row.has_value(); });
  report.line("model",
              fmt::format("{}: a detector of {} classes; {} of the set's {} are its own{}", o.model, known.size(), stay,
                          classes.size(), static_cast<size_t>(stay) == classes.size() ? "" : ", the others new"));
  return opened.detector.with_classes(rows, static_cast<uint64_t>(o.seed));
}

models::fcos::Detector start(const DetectTrainOptions& o, const std::vector<std::string>& names,
                             const engine::Host& host, Reporter& report) {
  const auto folder = io::ModelFolder::find(o.model, host.environment);
  if (models::fcos::is_detector(folder.open())) return gone_on(o, names, host, report);
  const auto classes = static_cast<int64_t>(names.size());
  report.line("model", fmt::format("{}: a new head of {} classes, {} wide, behind it", o.model, classes, o.width));
  return models::fcos::new_detector(
      folder, {}, {.classes = classes, .width = o.width, .convolutions = o.convolutions, .inputs = {}},
      static_cast<uint64_t>(o.seed));
}

std::string describe_boxes(const BoxPhotos& photos, const std::string& name) {
  const auto& set = photos.set();
  return fmt::format("{}  {:L} photos · {:L} boxes · {} classes{}", name, photos.size(), set.annotations.size(),
                     photos.categories().size(), set.federated() ? " · not all are known in each photo" : "");
}

std::string identity_of(const OptionValues& config, const BoxPhotos& photos, const BoxPhotos* validation,
                        const models::fcos::Detector& detector) {
  Hash hash;
  for (const auto& [name, value] : config)
    if (!is_free(name)) hash.add(name).add(value);
  hash.add(photos.hash()).add(validation ? validation->hash() : "").add(detector.network()->info().fingerprint);
  return hash.hex();
}

}  // namespace

std::vector<std::pair<DetectorTask, std::string>> choices(DetectorTask) {
  return {{DetectorTask::detection, engine::kDetectionTask}};
}

std::vector<std::pair<BoxAugmentation, std::string>> choices(BoxAugmentation) {
  return {
      {BoxAugmentation::none, "none"}, {BoxAugmentation::flip, "flip"}, {BoxAugmentation::flip_scale, "flip-scale"}};
}

std::pair<DetectTrainOptions, OptionValues> begun_with(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder / "config.yaml", error))
    throw FileError("resume", "{} holds no config.yaml: nothing to go on with. Is it a run folder?", folder.string());
  auto all = io::read_yaml_options(folder / "config.yaml");
  OptionValues own;
  for (const auto& info : describe_options<DetectTrainOptions>()) {
    if (auto found = all.extract(info.name)) own.insert(std::move(found));
  }
  return {read_options<DetectTrainOptions>((folder / "config.yaml").string(), own), all};
}

DetectTrainResult detect_train(const DetectTrainOptions& asked, const OptionValues& asked_of_method,
                               const engine::Host& host, Reporter& report) {
  auto o = asked;
  auto method_options = asked_of_method;
  if (!asked.resume.empty()) {
    std::tie(o, method_options) = begun_with(asked.resume);
    o.threads = asked.threads;
  }
  check_ranges(o);
  if (asked.resume.empty() && !o.output.empty()) train::RunFolder::check_output(o.output, o.force);
  if (o.threads > 0) at::set_num_threads(static_cast<int>(o.threads));

  const auto classes = o.classes.empty() ? std::vector<std::string>() : data::class_names(o.classes);
  const BoxPhotos photos({o.data, o.images}, classes, o.image_size, report);
  std::optional<BoxPhotos> validation;
  if (!o.validation.empty())
    validation.emplace(BoxPhotos::Source{o.validation, o.validation_images}, photos.class_names(), o.image_size,
                       report);
  report.line("data", describe_boxes(photos, o.data));
  if (validation) report.line("val", describe_boxes(*validation, o.validation));

  auto detector = start(o, photos.class_names(), host, report);
  DetectorInfo info{.classes = {},
                    .side = o.image_size,
                    .method = o.method,
                    .method_options = method_options,
                    .seed = static_cast<uint64_t>(o.seed)};
  for (const auto category : photos.categories()) {
    const auto& each = photos.set().categories[category];
    info.classes.push_back({each.id, each.name});
  }
  auto adapted = adapt_detector(detector, info, photos.size());
  info.method_options = adapted.method->config();
  const Random random(info.seed);
  methods::Stage stage{adapted.model,
                       *adapted.head,
                       adapted.adaptation,
                       [&](auto, auto, auto) -> methods::FeatureSet {
                         throw ConfigError("detect",
                                           "--method {}: asks for features of whole photos, which a detector "
                                           "does not read.",
                                           o.method);
                       },
                       random.fork("stage"),
                       report,
                       data::Target::mask};
  adapted.method->before_training(stage);
  report.line("method", fmt::format("{} · {} trained of {}", o.method, format_count(adapted.trained_parameters()),
                                    format_count(adapted.model->info().parameters + [&] {
                                      int64_t all = 0;
                                      for (const auto& parameter : detector.head()->parameters())
                                        all += parameter.numel();
                                      return all;
                                    }())));

  auto config = write_options(o);
  config.erase("resume");
  config.insert(info.method_options.begin(), info.method_options.end());
  std::optional<train::RunFolder> folder;
  if (!asked.resume.empty()) {
    folder = train::RunFolder::reopen(asked.resume);
  } else if (!o.output.empty()) {
    folder = train::RunFolder::create(o.output, o.force, config);
  }

  DetectorObjective objective(detector, adapted, photos, validation ? &*validation : nullptr, o.unlooked);
  const auto recipe = recipe_of(o, photos.size());
  DetectorBatches batches(photos, recipe.batch_size, changes_of(o.augment), random.fork("photos").seed());
  train::Trainer trainer(objective, batches,
                         {.recipe = recipe,
                          .unit = "images",
                          .val_every = o.val_every,
                          .checkpoint_every = o.checkpoint_every,
                          .keep = o.keep,
                          .seed = info.seed,
                          .identity = identity_of(config, photos, validation ? &*validation : nullptr, detector),
                          .older_identity = {},
                          .at_zero = {},
                          .rates = adapted.adaptation.rates},
                         folder ? &*folder : nullptr, report);
  const auto outcome = trainer.run();
  DetectTrainResult result{.folder = folder ? folder->path() : fs::path(),
                           .steps = outcome.steps,
                           .seconds = outcome.all_seconds,
                           .stopped_by = outcome.stopped_by,
                           .validation = outcome.validation,
                           .classes = photos.class_names()};
  if (result.stopped_by != 0) {
    report.line("stopped", folder ? fmt::format("go on with: graft detect train --resume {}", folder->path().string())
                                  : "nothing was written");
    return result;
  }
  report.line("train", fmt::format("{} steps in {:.1f} s", outcome.steps_here, outcome.seconds));
  if (validation && !result.validation)  // a run that was done already
    result.validation = train::after_steps(outcome.steps, [&] { return objective.validate(); });
  if (folder) {
    save_detector(folder->path(), detector, adapted, info);
    folder->sync_metrics();
    report.line("saved", folder->path().string());
  }
  return result;
}

}  // namespace graft::pipelines
