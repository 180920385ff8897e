#include "graft/engine/evaluate.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/engine/classification.h"
#include "graft/engine/prediction_file.h"

namespace graft::engine {
namespace {

// The place that the run's classes have, for each class of the data.
std::vector<int64_t> match_classes(const data::Dataset& dataset, const std::vector<std::string>& known) {
  std::vector<int64_t> places;
  std::vector<std::string> wrong;
  for (const auto& name : dataset.classes) {
    auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      found = std::find_if(known.begin(), known.end(), [&](const std::string& candidate) {
        return data::prompt_name(candidate) == data::prompt_name(name);
      });
    }
    if (found == known.end()) wrong.push_back("\n  " + unknown_name("class", name, known));
    places.push_back(found - known.begin());
  }
  if (!wrong.empty()) {
    throw DataError("evaluate", "{} has classes that the run was not trained on:{}", dataset.name,
                    fmt::join(wrong, ""));
  }
  return places;
}

Classification task_for(Adapted& adapted, Encoder& encoder, int64_t photos, Reporter& report) {
  const nn::Place place = kept_place(std::min(methods::earliest_change(adapted.adaptation, *adapted.model),
                                              adapted.method->features_at(*adapted.model)));
  const bool cached = place > 0 && encoder.fits(photos, place);
  return Classification(adapted, encoder, {.place = place, .cached = cached}, {}, report);
}

AdapterInfo read_classifier_info(const std::string& run) {
  AdapterInfo info = read_adapter_info(run);
  if (info.merged && info.classes.empty()) {
    throw ModelError("adapter", "{} has no classes to predict: the adapter that was merged had none.", run);
  }
  if (!info.foreign()) return info;
  throw ModelError("adapter",
                   "{} holds an adapter that PEFT wrote: it has no classes to predict. Use it with `graft features "
                   "--adapter` or `graft merge`.",
                   run);
}

}  // namespace

ModelOptions model_of_run(const AdapterInfo& info, ModelOptions options, Reporter& report) {
  if (options.model.empty()) options.model = info.base;
  if (info.image_size > 0) {
    if (!options.image_size) options.image_size = info.image_size;
    if (*options.image_size != info.image_size) {
      report.note({.text = fmt::format("trained at {} pixels, used at {} as --image-size says", info.image_size,
                                       *options.image_size)});
    }
  }
  if (options.precision == "auto" && !info.precision.empty()) options.precision = info.precision;
  return options;
}

Evaluation evaluate(const EvaluateOptions& options, const Host& host, Reporter& report) {
  const AdapterInfo info = read_classifier_info(options.run);
  Session session(model_of_run(info, options.model, report), options.data, host, report, {options.split});
  Adapted adapted = load_adapter(options.run, session.model(), options.force_base);
  report.line("adapter", fmt::format("{} · {} · {} classes", options.run, info.method, info.classes.size()));

  const auto places = match_classes(session.dataset(), info.classes);
  EvaluationSet set;
  for (const auto& sample : session.dataset().split(options.split)) {
    set.files.push_back(sample.file);
    set.paths.push_back(session.dataset().path(sample));
    set.labels.push_back(places[static_cast<size_t>(sample.label)]);
  }
  Evaluation result;
  result.classes = info.classes;
  const auto photos = static_cast<int64_t>(set.files.size());
  result.predictions = task_for(adapted, session.encoder(), photos, report).predict(set);
  result.scores = score(result.predictions);
  if (!options.output.empty()) {
    write_file_atomically(options.output,
                          prediction_lines(option::print(options.split), result.predictions, info.classes));
  }
  return result;
}

Evaluation predict(const PredictOptions& options, const Host& host, Reporter& report) {
  if (options.files.empty()) throw UsageError("predict", "which photos? Name one or more files after the run folder.");
  const AdapterInfo info = read_classifier_info(options.run);
  const auto model = open_model(model_of_run(info, options.model, report), host, report);
  Adapted adapted = load_adapter(options.run, model, options.force_base);
  Encoder encoder(model, std::make_shared<data::ImageCache>(), {.workers = options.workers, .cache_dir = {}});

  EvaluationSet set;
  set.files = options.files;
  set.paths.assign(options.files.begin(), options.files.end());
  set.labels.assign(options.files.size(), -1);
  Evaluation result;
  result.classes = info.classes;
  result.predictions = task_for(adapted, encoder, static_cast<int64_t>(set.files.size()), report).predict(set);
  result.scores = score(result.predictions);
  return result;
}

}  // namespace graft::engine
