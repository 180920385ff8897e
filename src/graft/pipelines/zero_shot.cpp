#include "graft/pipelines/zero_shot.h"

#include <filesystem>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/data/format.h"
#include "graft/engine/classification.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/prediction_file.h"
#include "graft/models/classifier.h"

namespace graft::pipelines {
namespace {

void check_reads_text(const models::Model& model) {
  if (model.has_text()) return;
  throw ModelError("zero-shot", "{} reads no text: zero-shot needs a CLIP.", model.info().source);
}

engine::Evaluation evaluate(const std::shared_ptr<models::Model>& model, engine::Encoder& encoder,
                            const std::vector<std::string>& classes, const std::vector<std::string>& templates,
                            engine::EvaluationSet set, Reporter& report) {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> names;
  for (const auto& name : classes)
    names.push_back(data::prompt_name(name));
  models::PromptClassifier prompts(model, names, templates);
  const at::Tensor features = encoder.features(set.paths, model->reader().last(), report);
  const at::Tensor logits = engine::Encoder::in_passes(features, [&](const at::Tensor& rows) {
    nn::Context context;
    return prompts.forward(rows, context);
  });
  engine::Evaluation result;
  result.classes = classes;
  result.predictions = {std::move(set.files), std::move(set.labels), torch::softmax(logits.to(at::kFloat), 1)};
  result.scores = engine::score(result.predictions);
  return result;
}

engine::EvaluationSet set_of(const data::Dataset& dataset, data::Split split) {
  engine::EvaluationSet set;
  for (const auto& sample : dataset.split(split)) {
    set.files.push_back(sample.file);
    set.paths.push_back(dataset.path(sample));
    set.labels.push_back(sample.label);
  }
  return set;
}

// One photo, or a folder of photos without class folders: nothing says what they show.
bool is_unlabelled(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return engine::is_photo(path);
  bool photos = false;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.is_directory() && !entry.path().filename().string().starts_with('.')) return false;
    photos = photos || (engine::is_photo(entry.path()) && !entry.path().filename().string().starts_with('.'));
  }
  return photos;
}

engine::Evaluation zero_shot_unlabelled(const ZeroShotOptions& options, const std::vector<std::string>& templates,
                                        const engine::Host& host, Reporter& report) {
  const auto classes = data::read_lines(options.data.dataset.classes);
  if (classes.size() < 2)
    throw DataError("data", "{}: expected two class names or more, got {}.", options.data.dataset.classes,
                    classes.size());
  const auto photos = engine::list_photos(options.data, "");
  const auto model = engine::open_model(options.model, host, report);
  check_reads_text(*model);
  report.line("data", fmt::format("{}  {} classes · {} photos without labels", options.data.data, classes.size(),
                                  photos.files.size()));
  engine::Encoder encoder(
      model, std::make_shared<data::ImageCache>(),
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
    write_file_atomically(options.output,
                          engine::prediction_lines(option::print(options.split), result.predictions, result.classes));
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
