#include "graft/engine/evaluate.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/data/format.h"
#include "graft/engine/classification.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/prediction_file.h"
#include "graft/engine/prompt_notes.h"
#include "graft/text/text_file.h"

namespace graft::engine {
namespace {

using Places = std::unordered_map<std::string, int64_t>;

Places places_of(const std::vector<std::string>& classes) {
  Places places;
  for (size_t i = 0; i < classes.size(); ++i)
    places.emplace(classes[i], static_cast<int64_t>(i));
  for (size_t i = 0; i < classes.size(); ++i)
    places.emplace(data::prompt_name(text::normal_name(classes[i])), static_cast<int64_t>(i));
  return places;
}

// -1 where it is not among them.
int64_t place_of(const std::string& name, const Places& places) {
  for (const auto& spelling : {name, data::prompt_name(text::normal_name(name))}) {
    if (const auto found = places.find(spelling); found != places.end()) return found->second;
  }
  return -1;
}

// Why a run cannot tell apart other classes than its own; empty where it can.
std::string why_only_its_classes(const Adapted& adapted, const AdapterInfo& info) {
  if (!dynamic_cast<const models::PromptClassifier*>(adapted.classifier.get())) {
    return fmt::format("its linear head has a row for each of its {} classes and none for another",
                       info.classes.size());
  }
  for (const auto& binding : adapted.adaptation.bindings) {
    if (binding.insert->is_of_its_classes())
      return fmt::format("what {} learned belongs to its {} classes, one by one", binding.method, info.classes.size());
  }
  return "";
}

// What is chosen among, and how the run's classifier gives it.
struct ChoiceOfClasses {
  std::vector<std::string> classes;
  std::vector<int64_t> columns;  // of the run's classifier; empty: all, as they stand
};

// --classes: the run's own in any number and order, or, where nothing belongs to a class, any.
ChoiceOfClasses choose_classes(Adapted& adapted, const AdapterInfo& info, const std::string& asked) {
  if (asked.empty()) return {info.classes, {}};
  ChoiceOfClasses choice{data::class_names(asked), {}};
  if (choice.classes.empty()) throw DataError("evaluate", "--classes {}: holds no class name.", asked);
  const auto known = places_of(info.classes);
  std::vector<std::string> unknown;
  for (const auto& name : choice.classes) {
    const auto place = place_of(name, known);
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
  serve_classes(adapted, info, choice.classes);
  choice.columns.clear();
  return choice;
}

// The place that each class of the data has among those chosen among; only classes with photos in the split are asked.
std::vector<int64_t> match_classes(const data::Dataset& dataset, data::Split split, const ChoiceOfClasses& choice,
                                   const Adapted& adapted, const AdapterInfo& info) {
  const auto known = places_of(choice.classes);
  std::vector<bool> occurs(dataset.classes.size(), false);
  for (const auto& sample : dataset.split(split))
    occurs[static_cast<size_t>(sample.label)] = true;
  std::vector<int64_t> places;
  std::vector<std::string> wrong;
  for (size_t i = 0; i < dataset.classes.size(); ++i) {
    places.push_back(place_of(dataset.classes[i], known));
    if (occurs[i] && places.back() < 0)
      wrong.push_back("\n  " + unknown_name("class", dataset.classes[i], choice.classes));
  }
  if (!wrong.empty()) {
    const auto why = why_only_its_classes(adapted, info);
    throw DataError("evaluate", "{} has photos of classes that the run was not trained on:{}\n  {}", dataset.name,
                    fmt::join(wrong, ""),
                    why.empty() ? "--classes FILE (or a,b,c) names other classes to choose among; this run can."
                                : fmt::format("Leave them out, or train with them: {}.", why));
  }
  return places;
}

Classification task_for(Adapted& adapted, Encoder& encoder, int64_t photos, std::vector<int64_t> columns,
                        Reporter& report) {
  const nn::Place place = kept_place(std::min(methods::earliest_change(adapted.adaptation, *adapted.model),
                                              adapted.method->features_at(*adapted.model)));
  const bool cached = place > 0 && encoder.fits(photos, place);
  return Classification(adapted, encoder, {.place = place, .cached = cached, .choices = std::move(columns)}, {},
                        report);
}

AdapterInfo read_classifier_info(const std::string& run) {
  AdapterInfo info = read_adapter_info(run);
  if (info.merged && info.classes.empty()) {
    throw ModelError("adapter", "{} has no classes to predict: the adapter that was merged had none.", run);
  }
  if (!info.foreign() || !info.classes.empty()) return info;
  throw ModelError("adapter",
                   "{} holds an adapter that PEFT wrote without a classifier (modules_to_save): it has no classes to "
                   "predict. Use it with `graft features --adapter` or `graft merge`.",
                   run);
}

Adapted load_classifier(const std::string& run, const std::shared_ptr<models::Model>& model, bool force_base,
                        Reporter& report) {
  Adapted adapted = load_adapter(run, model, report, force_base);
  if (adapted.headless.empty()) return adapted;
  throw ModelError(
      "adapter",
      "{}: {}, so that it has no classes to predict. Use it with `graft features --adapter` or `graft merge`.", run,
      adapted.headless);
}

// The data that the run was trained on, opened as it was; what is asked for here goes before it.
DataOptions own_data(const std::string& run, const DataOptions& asked) {
  const auto own = data_of_run(run);
  if (!own) {
    throw UsageError("evaluate", "which photos? {} does not know the data that it was trained on: give --data.", run);
  }
  OptionValues values = write_options(*own);
  const OptionValues defaults = write_options(DataOptions{});
  for (const auto& [name, text] : write_options(asked)) {
    if (text != defaults.at(name)) values[name] = text;
  }
  return read_options<DataOptions>("evaluate", values);
}

}  // namespace

ModelOptions model_of_run(const AdapterInfo& info, ModelOptions options, Reporter& report) {
  if (options.model.empty() && info.base.empty()) {
    throw UsageError("adapter",
                     "the adapter does not say which model it is for (base_model_name_or_path). Give --model.");
  }
  if (options.model.empty()) options.model = info.base;
  if (info.image_size > 0) {
    if (!options.image_size) options.image_size = info.image_size;
    if (*options.image_size != info.image_size) {
      report.note({.text = fmt::format("trained at {} pixels, used at {} as --image-size says", info.image_size,
                                       *options.image_size)});
    }
  }
  if (options.precision == "auto" && !info.precision.empty()) options.precision = info.precision;
  auto told = info.told;
  for (const auto& [name, text] : write_options(options.told))
    if (!text.empty()) told[name] = text;
  options.told = read_options<models::Told>("adapter", told);
  return options;
}

Evaluation evaluate(const EvaluateOptions& options, const Host& host, Reporter& report) {
  AdapterInfo info = read_classifier_info(options.run);
  DataOptions data = options.data.data.empty() ? own_data(options.run, options.data) : options.data;
  if (!data.exif) data.exif = exif_of_run(options.run);
  data.dataset.least_classes = 1;  // it is told apart from the run's
  Session session(model_of_run(info, options.model, report), data, host, report, {options.split});
  Adapted adapted = load_classifier(options.run, session.model(), options.force_base, report);
  report.line("adapter", fmt::format("{} · {} · {} classes", options.run, info.method, info.classes.size()));
  say_of_prompts(*adapted.classifier, info.classes, report);

  if (info.classes_made_up && info.classes.size() == session.dataset().classes.size()) {
    info.classes = session.dataset().classes;
    report.note({fmt::format("{} does not name its classes: taken in the order of the data, {}", options.run,
                             fmt::join(info.classes, ", "))});
  }
  const auto choice = choose_classes(adapted, info, options.data.dataset.classes);
  const auto places = match_classes(session.dataset(), options.split, choice, adapted, info);
  EvaluationSet set;
  for (const auto& sample : session.dataset().split(options.split)) {
    set.files.push_back(sample.input);
    set.paths.push_back(session.dataset().path(sample));
    set.labels.push_back(places[static_cast<size_t>(sample.label)]);
  }
  Evaluation result;
  result.classes = choice.classes;
  const auto photos = static_cast<int64_t>(set.files.size());
  result.predictions = task_for(adapted, session.encoder(), photos, choice.columns, report).predict(set);
  result.scores = score(count_classes(result.predictions));
  if (!options.output.empty()) {
    write_predictions(options.output, option::print(options.split), result.predictions, result.classes);
  }
  return result;
}

Evaluation predict(const PredictOptions& options, const Host& host, Reporter& report) {
  if (options.files.empty()) throw UsageError("predict", "which photos? Name one or more files after the run folder.");
  const AdapterInfo info = read_classifier_info(options.run);
  const auto model = open_model(model_of_run(info, options.model, report), host, report);
  Adapted adapted = load_classifier(options.run, model, options.force_base, report);
  say_of_prompts(*adapted.classifier, info.classes, report);
  const auto choice = choose_classes(adapted, info, options.classes);
  const auto images = std::make_shared<data::ImageCache>(options.exif ? *options.exif : exif_of_run(options.run));
  Encoder encoder(model, images, {.workers = options.workers, .cache_dir = {}});
  DataOptions data;
  data.on_bad_file = options.on_bad_file;
  data.workers = options.workers;
  const PhotoList photos = readable(list_photos(options.files), data, *images);
  report.line("data", photos.describe("photos"));
  report_findings(photos.paths, *images, report);

  if (info.classes_made_up) {
    report.note({fmt::format("{} does not name its classes: they are called {} to {}", options.run,
                             info.classes.front(), info.classes.back()),
                 /*numbers=*/false});
  }
  EvaluationSet set;
  set.files = photos.files;
  set.paths = photos.paths;
  set.labels.assign(photos.files.size(), -1);
  Evaluation result;
  result.classes = choice.classes;
  result.predictions =
      task_for(adapted, encoder, static_cast<int64_t>(set.files.size()), choice.columns, report).predict(set);
  result.scores = score(count_classes(result.predictions));
  return result;
}

}  // namespace graft::engine
