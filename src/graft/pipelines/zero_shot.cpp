#include "graft/pipelines/zero_shot.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "graft/core/error.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/engine/classification.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/prediction_file.h"
#include "graft/engine/prompt_notes.h"
#include "graft/models/classifier.h"

namespace graft::pipelines {
namespace {

void check_reads_text(const models::Model& model) {
  model.require_text("zero-shot", "zero-shot classification needs");
}

engine::Evaluation evaluate(const std::shared_ptr<models::Model>& model, engine::Encoder& encoder,
                            const std::vector<std::string>& classes, const std::vector<std::string>& templates,
                            engine::EvaluationSet set, Reporter& report) {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> names;
  for (const auto& name : classes)
    names.push_back(data::prompt_name(name));
  models::PromptClassifier prompts(model, names, templates);
  engine::say_of_prompts(prompts, classes, report);
  const at::Tensor features = encoder.features(set.paths, model->reader().last(), report);
  engine::PredictionRows predictions(std::move(set.files), std::move(set.labels), static_cast<int64_t>(classes.size()));
  engine::Encoder::each_pass(features, [&](const at::Tensor& rows, int64_t count) {
    nn::Context context;
    predictions.add(prompts.forward(rows, context).narrow(0, 0, count));
  });
  engine::Evaluation result;
  result.classes = classes;
  result.predictions = predictions.take();
  result.scores = engine::score(engine::count_classes(result.predictions));
  return result;
}

engine::EvaluationSet set_of(const data::Dataset& dataset, data::Split split) {
  engine::EvaluationSet set;
  for (const auto& sample : dataset.split(split)) {
    set.files.push_back(sample.input);
    set.paths.push_back(dataset.path(sample));
    set.labels.push_back(sample.label);
  }
  return set;
}

// One photo, or a folder of photos without class folders: nothing says what they show.
bool is_unlabelled(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return data::is_photo_name(path);
  const auto walk = data::walk_photos(path);
  const bool nested =
      std::ranges::any_of(walk.files, [](const std::string& file) { return file.find('/') != std::string::npos; });
  return !walk.files.empty() && !nested;
}

engine::Evaluation zero_shot_unlabelled(const ZeroShotOptions& options, const std::vector<std::string>& templates,
                                        const engine::Host& host, Reporter& report) {
  const auto classes = data::class_names(options.data.dataset.classes);
  if (classes.size() < 2)
    throw DataError("data", "{}: expected two class names or more, got {}.", options.data.dataset.classes,
                    classes.size());
  auto photos = engine::list_photos(options.data, "");
  const auto model = engine::open_model(options.model, host, report);
  check_reads_text(*model);
  const auto images = std::make_shared<data::ImageCache>(options.data.exif.value_or(data::Exif::keep));
  photos = engine::readable(std::move(photos), options.data, *images);
  report.line("data",
              fmt::format("{} · without labels · {} classes", photos.describe(options.data.data), classes.size()));
  engine::report_findings(photos.paths, *images, report);
  engine::Encoder encoder(
      model, images,
      {.workers = options.data.workers, .cache_dir = options.data.cache ? host.cache_dir : std::filesystem::path()});
  const std::vector<int64_t> unknown(photos.files.size(), -1);
  return evaluate(model, encoder, classes, templates, {photos.files, photos.paths, unknown}, report);
}

engine::Evaluation zero_shot_labelled(const ZeroShotOptions& options, const std::vector<std::string>& templates,
                                      const engine::Host& host, Reporter& report) {
  engine::Session session(options.model, options.data, host, report, {options.split});
  return zero_shot(session, templates, options.split, report);
}

}  // namespace

engine::Evaluation zero_shot(const ZeroShotOptions& options, const engine::Host& host, Reporter& report) {
  const auto templates = engine::read_templates(options.templates, options.templates_file);
  const bool unlabelled = !options.data.dataset.classes.empty() && is_unlabelled(options.data.data);
  auto result = unlabelled ? zero_shot_unlabelled(options, templates, host, report)
                           : zero_shot_labelled(options, templates, host, report);
  if (!options.output.empty()) {
    engine::write_predictions(options.output, option::print(options.split), result.predictions, result.classes);
  }
  return result;
}

engine::Evaluation zero_shot(engine::Session& session, const std::vector<std::string>& templates, data::Split split,
                             Reporter& report) {
  check_reads_text(*session.model());
  return evaluate(session.model(), session.encoder(), session.dataset().classes, templates,
                  set_of(session.dataset(), split), report);
}

}  // namespace graft::pipelines
