#include "graft/pipelines/evaluate.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/data/check_clips.h"
#include "graft/data/clip_source.h"
#include "graft/data/format.h"
#include "graft/data/photo_findings.h"
#include "graft/data/text_list.h"
#include "graft/engine/class_places.h"
#include "graft/engine/clip_list.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/prompt_notes.h"
#include "graft/engine/run_data.h"
#include "graft/models/feature_model.h"
#include "graft/models/sources.h"
#include "graft/pipelines/mask_folder.h"
#include "graft/pipelines/run_classifier.h"
#include "graft/tasks/prediction_file.h"
#include "graft/tasks/task.h"

namespace graft::pipelines {
namespace {

constexpr size_t kFramesShown = 12;

// Why a run cannot tell apart other classes than its own; empty where it can.
std::string why_only_its_classes(const methods::Adapted& adapted, const engine::AdapterInfo& info) {
  if (adapted.head->kind() != models::HeadKind::prompts) {
    return fmt::format("its linear head has a row for each of its {} classes and none for another",
                       info.classes.size());
  }
  for (const auto& binding : adapted.adaptation.bindings) {
    if (binding.insert->is_of_its_classes())
      return fmt::format("what {} learned belongs to its {} classes, one by one", binding.method, info.classes.size());
  }
  return "";
}

// --classes: the run's own in any number and order, or, where nothing belongs to a class, any.
ChoiceOfClasses choose_classes(methods::Adapted& adapted, const engine::AdapterInfo& info, const std::string& asked) {
  if (asked.empty()) return {info.classes, {}};
  ChoiceOfClasses choice{data::class_names(asked), {}};
  if (choice.classes.empty()) throw DataError("evaluate", "--classes {}: holds no class name.", asked);
  const engine::ClassPlaces known(info.classes);
  std::vector<std::string> unknown;
  for (const auto& name : choice.classes) {
    const auto place = known.of(name);
    choice.columns.push_back(place);
    if (place < 0) unknown.push_back("\n  " + unknown_name("class", name, info.classes));
  }
  if (unknown.empty()) return choice;
  if (const auto why = why_only_its_classes(adapted, info); !why.empty()) {
    throw DataError(
        "evaluate",
        "--classes: the run cannot tell apart classes that it was not trained on; {}.{}\n  Train again with "
        "these classes, or with a method that learns words or features for all (coop, lora with class "
        "prompts).",
        why, fmt::join(unknown, ""));
  }
  methods::serve_classes(adapted, choice.classes, tasks::find_task(info.task).head);
  choice.columns.clear();
  return choice;
}

// Of masks --classes says what their numbers are called. A run that tells pixels by names tells those, where it was not
// trained on all of them.
ChoiceOfClasses choose_classes_of_masks(methods::Adapted& adapted, const engine::AdapterInfo& info,
                                        const data::Dataset& dataset) {
  const engine::ClassPlaces known(info.classes);
  const bool knows_all =
      std::ranges::all_of(dataset.classes, [&](const std::string& name) { return known.of(name) >= 0; });
  if (knows_all || !why_only_its_classes(adapted, info).empty()) return {info.classes, {}};
  methods::serve_classes(adapted, dataset.classes, tasks::find_task(info.task).head);
  return {dataset.classes, {}};
}

// The place that each class of the data has among those chosen among; only classes with photos in the split are asked.
std::vector<int64_t> match_classes(const data::Dataset& dataset, data::Split split, const ChoiceOfClasses& choice,
                                   const methods::Adapted& adapted, const engine::AdapterInfo& info) {
  const engine::ClassPlaces known(choice.classes);
  std::vector<bool> occurs(dataset.classes.size(), false);
  for (const auto& sample : dataset.split(split)) {
    if (sample.label >= 0) occurs[static_cast<size_t>(sample.label)] = true;
    for (size_t c = 0; dataset.target == data::Target::labels && c < occurs.size(); ++c)
      occurs[c] = occurs[c] || sample.values[c] > 0;
  }
  std::vector<int64_t> places;
  std::vector<std::string> wrong;
  for (size_t i = 0; i < dataset.classes.size(); ++i) {
    places.push_back(known.of(dataset.classes[i]));
    if (occurs[i] && places.back() < 0)
      wrong.push_back("\n  " + unknown_name("class", dataset.classes[i], choice.classes));
  }
  if (!wrong.empty()) {
    const auto why = why_only_its_classes(adapted, info);
    throw DataError("evaluate", "{} has {} of classes that the run was not trained on:{}\n  {}", dataset.name,
                    data::unit_of(dataset.reads), fmt::join(wrong, ""),
                    why.empty() ? "--classes FILE (or a,b,c) names other classes to choose among; this run can."
                                : fmt::format("Leave them out, or train with them: {}.", why));
  }
  return places;
}

// A sample's target, told by the run's classes. `places`: of the data's classes among them.
data::Sample told_by_run(data::Sample sample, const data::Dataset& dataset, const std::vector<int64_t>& places,
                         size_t classes) {
  if (sample.label >= 0) sample.label = places[static_cast<size_t>(sample.label)];
  if (dataset.target == data::Target::labels) {
    std::vector<float> values(classes, 0);
    for (size_t c = 0; c < sample.values.size(); ++c)
      if (places[c] >= 0) values[static_cast<size_t>(places[c])] = sample.values[c];
    sample.values = std::move(values);
  }
  return sample;
}

// The data's masks, told by the run's classes.
std::shared_ptr<const data::Masks> told_by_run(const data::Dataset& dataset, const std::vector<std::string>& classes) {
  const engine::ClassPlaces known(classes);
  std::vector<int64_t> places;
  std::string wrong;
  for (const auto& name : dataset.classes) {
    places.push_back(known.of(name));
    if (places.back() < 0) wrong += "\n  " + unknown_name("class", name, classes);
  }
  if (wrong.empty()) return data::renumbered(dataset.masks, places);
  throw DataError("evaluate",
                  "the masks of {} have classes that the run was not trained on:{}\n  Call them void there to "
                  "leave their pixels out.",
                  dataset.name, wrong);
}

// Rows of photos as what they have in common with texts, of which one is theirs.
Evaluation nearest_texts(Evaluation of_rows, const methods::Adapted& adapted, const at::Tensor& ids) {
  const torch::NoGradGuard no_grad;
  nn::Context context;
  const auto& photos = of_rows.predictions;
  tasks::PredictionRows rows(photos.files, photos.labels, ids.size(0));
  rows.add(photos.probabilities.matmul(adapted.head->truth(ids, context).t()));
  of_rows.predictions = rows.take();
  return of_rows;
}

// What a run tells of an example.
std::string told_by(const engine::AdapterInfo& info) {
  const auto& task = tasks::find_task(info.task);
  return data::has_classes(task.target) || info.foreign() ? fmt::format("{} classes", info.classes.size())
                                                          : task.summary;
}

// Where each of `samples` lies in its clip, with frames of at most kFramesShown a clip where they are wanted.
std::vector<Window> windows_shown(const std::vector<data::Sample>& samples, const data::Source& source,
                                  data::FrameCache& cache, bool frames) {
  std::vector<Window> windows;
  std::map<std::string, std::vector<size_t>> of_clip;
  for (const auto& sample : samples) {
    of_clip[sample.input].push_back(windows.size());
    const double last = cache.seen(sample.input, /*with_times=*/true).times.back();
    windows.push_back({.clip = sample.input, .begin = sample.span->begin, .end = std::min(*sample.span->end, last)});
  }
  const auto* clips = dynamic_cast<const data::ClipSource*>(&source);
  if (!frames || !clips) return windows;
  for (const auto& [clip, places] : of_clip) {
    const size_t shown = std::min(places.size(), kFramesShown);
    for (size_t k = 0; k < shown; ++k) {
      const size_t place = places[(2 * k + 1) * places.size() / (2 * shown)];
      auto images = clips->images(static_cast<int64_t>(place) * clips->views());
      windows[place].frame = std::move(images[images.size() / 2]);
    }
  }
  return windows;
}

}  // namespace

Evaluation evaluate(const EvaluateOptions& options, const engine::Host& host, Reporter& report) {
  engine::AdapterInfo info = read_classifier_info(options.run);
  engine::DataOptions data = options.data.data.empty() ? own_data(options.run, options.data) : options.data;
  if (!data.exif) data.exif = engine::exif_of_run(options.run);
  data.dataset.least_classes = 1;  // it is told apart from the run's
  const auto& task = tasks::find_task(info.task);
  if (!data.dataset.target && task.target != data::Target::label) data.dataset.target = task.target;
  if (!data.max_length) data.max_length = engine::max_length_of_run(options.run);
  data.clips = engine::clips_for(data.clips, options.run, info.frames);
  engine::Session session(model_of_run(info, options.model, report), data, host, report, {options.split});
  methods::Adapted adapted = load_classifier(options.run, session.model(), options.force_base, report);
  report.line("adapter", fmt::format("{} · {} · {}", options.run, info.method, told_by(info)));
  engine::say_of_prompts(*adapted.head, info.classes, report);

  if (info.classes_made_up && info.classes.size() == session.dataset().classes.size()) {
    info.classes = session.dataset().classes;
    report.note({fmt::format("{} does not name its classes: taken in the order of the data, {}", options.run,
                             fmt::join(info.classes, ", "))});
  }
  const auto& dataset = session.dataset();
  if (dataset.target != task.target) {
    throw DataError("evaluate", "{} was trained on {}, and {} has {}. --label-kind says how a table is read.",
                    options.run, task.summary, dataset.name, tasks::task_of(dataset.target).summary);
  }
  const bool masks = dataset.target == data::Target::mask;
  const auto choice = masks ? choose_classes_of_masks(adapted, info, dataset)
                            : choose_classes(adapted, info, options.data.dataset.classes);
  std::optional<data::Dataset> by_run;  // of masks
  if (masks) by_run.emplace(dataset).masks = told_by_run(dataset, choice.classes);
  auto samples = dataset.split(options.split);
  if (data::has_classes(dataset.target)) {
    const auto places = match_classes(dataset, options.split, choice, adapted, info);
    for (auto& sample : samples)
      sample = told_by_run(std::move(sample), dataset, places, choice.classes.size());
  }
  const auto source = models::source_of(
      *session.model(), by_run ? *by_run : dataset, std::move(samples),
      {.images = session.images(), .clips = session.clips(), .frames = session.frames(), .max_length = data.max_length},
      &report);
  auto result = evaluate_on(adapted, info, session.encoder(), *source, choice, report);
  if (!options.output.empty()) {
    tasks::write_predictions(options.output, option::print(options.split), result.predictions, result.classes);
  }
  return result;
}

Evaluation predict(const PredictOptions& options, const engine::Host& host, Reporter& report) {
  if (options.files.empty())
    throw UsageError("predict", "which photos, texts or clips? Name one or more files after the run folder.");
  const engine::AdapterInfo info = read_classifier_info(options.run);
  if (info.family == models::kFeatureFamily) {
    throw UsageError("predict",
                     "{} was trained on features, and predict reads photos, texts or clips. Give features with their "
                     "classes to evaluate: graft evaluate {} --data FEATURES.npy --labels TABLE.csv.",
                     options.run, options.run);
  }
  const bool pairs = tasks::find_task(info.task).target == data::Target::caption;
  if (pairs && options.classes.empty()) {
    throw UsageError(
        "predict",
        "{} was trained on photos with captions: --classes names the texts to choose among, a file with one "
        "a line, or a,b,c.",
        options.run);
  }
  const bool masks = tasks::find_task(info.task).target == data::Target::mask;
  if (!options.output.empty() && !masks) {
    throw ConfigError("predict", "--output {}: is for masks, and {} tells {}. Leave it out.", options.output,
                      options.run, tasks::find_task(info.task).summary);
  }
  const auto model = engine::open_model(model_of_run(info, options.model, report), host, report);
  methods::Adapted adapted = load_classifier(options.run, model, options.force_base, report);
  engine::say_of_prompts(*adapted.head, info.classes, report);
  if (options.timeline != 0 && info.frames == 1 && model->reader().frames() == 0) {
    throw ConfigError("predict", "--timeline {}: {} reads single photos or texts, which have no time. Leave it out.",
                      options.timeline, options.run);
  }
  if (options.timeline == 0 && !(options.html.empty() && options.csv.empty())) {
    throw ConfigError("predict", "--{} is of a timeline: expected --timeline SECONDS beside it.",
                      options.html.empty() ? "csv" : "html");
  }
  const auto choice =
      pairs ? ChoiceOfClasses{data::class_names(options.classes), {}} : choose_classes(adapted, info, options.classes);
  if (info.classes_made_up) {
    report.note({fmt::format("{} does not name its classes: they are called {} to {}", options.run,
                             info.classes.front(), info.classes.back()),
                 /*numbers=*/false});
  }
  const auto images =
      std::make_shared<data::ImageCache>(options.exif ? *options.exif : engine::exif_of_run(options.run));
  features::Encoder encoder(model, images, {.workers = options.workers, .cache_dir = {}});
  engine::DataOptions data;
  data.on_bad_file = options.on_bad_file;
  data.workers = options.workers;
  data.clips = engine::clips_for(options.clips, options.run, info.frames);
  const auto frames = engine::frame_cache(data, host);
  data::Dataset dataset;
  dataset.name = "what is given";
  if (!pairs) dataset.target = tasks::find_task(info.task).target;
  std::vector<data::Sample> samples;
  if (model->reader().name() == nn::Tower::text) {
    dataset.reads = data::Reads::text;
    samples = data::list_texts(options.files, {.text_column = options.text_column, .pair_column = options.pair_column});
    report.line("data", fmt::format("texts  {}", samples.size()));
  } else if (info.frames > 1 || model->reader().frames() > 0) {
    dataset.reads = data::Reads::clip;
    dataset.test = engine::list_clips(options.files);
    const auto bad = data::check_clips(dataset, {data::Split::test},
                                       static_cast<int>(std::max<int64_t>(1, options.workers)), *frames);
    dataset = data::without_bad_files(std::move(dataset), bad, options.on_bad_file);
    report.line("data", fmt::format("clips  {}{}", dataset.test.size(),
                                    bad.empty() ? "" : fmt::format(" · {} unreadable, left out", bad.size())));
    data::report_clips(dataset, {data::Split::test}, data::reading_of(data.clips), *frames, report);
    samples = options.timeline != 0 ? engine::windows_of(dataset.test, options.timeline, *frames) : dataset.test;
  } else {
    const engine::PhotoList photos = engine::readable(engine::list_photos(options.files), data, *images);
    report.line("data", photos.describe("photos"));
    data::report_findings(photos.paths, *images, report);
    samples = engine::samples_of(photos);
  }
  const models::ReadingOptions reading{
      .images = images,
      .clips = data::reading_of(data.clips),
      .frames = frames,
      .max_length = options.max_length ? options.max_length : engine::max_length_of_run(options.run)};
  const auto asked = options.timeline != 0 ? samples : std::vector<data::Sample>{};
  std::vector<std::string> files;  // whose masks are written
  for (size_t i = 0; i < samples.size() && !options.output.empty(); ++i)
    files.push_back(dataset.path(samples[i]).string());
  const auto source = models::source_of(*model, dataset, std::move(samples), reading, &report);
  tasks::PredictionRows::MaskSink sink;
  std::optional<MaskFolder> folder;
  if (!options.output.empty()) {
    folder.emplace(options.output, files, choice.classes);
    sink = [&](int64_t row, const data::Mask& told) {
      const auto& file = files[static_cast<size_t>(row)];
      folder->add(file, *images->read(file), told);
    };
  }
  auto result = evaluate_on(adapted, info, encoder, *source, choice, report, std::move(sink));
  result.windows = windows_shown(asked, *source, *frames, !options.html.empty());
  if (folder) {
    folder->finish();
    report.line("masks", fmt::format("{0}/masks, laid over the photos in {0}/overlays, as COCO's instances in "
                                     "{0}/instances.json",
                                     options.output));
  }
  if (!pairs) return result;
  return nearest_texts(std::move(result), adapted, models::caption_ids(*model, choice.classes, reading, &report));
}

}  // namespace graft::pipelines
