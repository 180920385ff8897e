#include "graft/engine/evaluate.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/engine/classification.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/prediction_file.h"
#include "graft/io/yaml_options.h"

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
  if (!info.foreign()) return info;
  throw ModelError("adapter",
                   "{} holds an adapter that PEFT wrote: it has no classes to predict. Use it with `graft features "
                   "--adapter` or `graft merge`.",
                   run);
}

// The data that the run was trained on, opened as it was; what is asked for here goes before it.
DataOptions data_of_run(const std::string& run, const DataOptions& asked) {
  const auto config = std::filesystem::path(run) / "config.yaml";
  std::error_code error;
  if (!std::filesystem::exists(config, error)) {
    throw UsageError("evaluate", "which photos? {} does not know the data that it was trained on: give --data.", run);
  }
  OptionValues values = write_options(read_adapt_request(io::read_yaml_options(config)).options.data);
  const OptionValues defaults = write_options(DataOptions{});
  for (const auto& [name, text] : write_options(asked)) {
    if (text != defaults.at(name)) values[name] = text;
  }
  return read_options<DataOptions>("evaluate", values);
}

// Photos without labels: those named, and all those below a folder that is named.
EvaluationSet set_of(const std::vector<std::string>& files) {
  EvaluationSet set;
  for (const auto& file : files) {
    std::error_code error;
    if (!std::filesystem::is_directory(file, error)) {
      set.files.push_back(file);
    } else {
      for (const auto& path : list_photos({.data = file, .dataset = {}}, "").paths)
        set.files.push_back(path.string());
    }
  }
  set.paths.assign(set.files.begin(), set.files.end());
  set.labels.assign(set.files.size(), -1);
  return set;
}

}  // namespace

ModelOptions model_of_run(const AdapterInfo& info, ModelOptions options) {
  const bool own = options.model.empty();
  if (own) options.model = info.base;
  if (own && !options.image_size && info.image_size > 0) options.image_size = info.image_size;
  if (options.precision == "auto" && !info.precision.empty()) options.precision = info.precision;
  return options;
}

Evaluation evaluate(const EvaluateOptions& options, const Host& host, Reporter& report) {
  const AdapterInfo info = read_classifier_info(options.run);
  const DataOptions data = options.data.data.empty() ? data_of_run(options.run, options.data) : options.data;
  Session session(model_of_run(info, options.model), data, host, report, {options.split});
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
  EvaluationSet set = set_of(options.files);
  const auto model = open_model(model_of_run(info, options.model), host, report);
  Adapted adapted = load_adapter(options.run, model, options.force_base);
  Encoder encoder(model, std::make_shared<data::ImageCache>(), {.workers = options.workers, .cache_dir = {}});

  Evaluation result;
  result.classes = info.classes;
  result.predictions = task_for(adapted, encoder, static_cast<int64_t>(set.files.size()), report).predict(set);
  result.scores = score(result.predictions);
  return result;
}

}  // namespace graft::engine
