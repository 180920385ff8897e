#include "graft/pipelines/zero_shot.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "graft/core/error.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/photo_findings.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/prompt_notes.h"
#include "graft/features/encoder.h"
#include "graft/models/clip/class_prompts.h"
#include "graft/models/feature_model.h"
#include "graft/models/head.h"
#include "graft/models/sources.h"
#include "graft/tasks/accuracy.h"
#include "graft/tasks/prediction_file.h"
#include "graft/tasks/task.h"

namespace graft::pipelines {
namespace {

// What cosines of sentence encoders are multiplied by before the softmax, as in their training (Reimers and Gurevych
// 2019; sentence-transformers' losses).
constexpr double kSentenceScale = 20;

bool reads_texts(const models::Model& model) {
  return model.reader().name() == nn::Tower::text;
}

void check_reads_text(const models::Model& model) {
  if (!reads_texts(model)) model.require_prompts("zero-shot", "zero-shot classification needs");
}

std::string filled(const std::string& form, const std::string& name) {
  std::string text = form;
  return text.replace(text.find("{}"), 2, name);
}

// Class names as texts beside texts, [C, E] of unit length: each template's, then their mean.
at::Tensor class_rows(const models::Model& model, features::Encoder& encoder, const std::vector<std::string>& names,
                      const std::vector<std::string>& templates, Reporter& report) {
  std::vector<at::Tensor> each;
  for (const auto& form : templates) {
    data::Dataset dataset;
    dataset.reads = data::Reads::text;
    std::vector<data::Sample> samples;
    for (const auto& name : names)
      samples.push_back({.input = filled(form, name), .label = -1});
    const auto source = models::source_of(model, dataset, std::move(samples), {}, &report);
    each.push_back(models::unit(encoder.compute(*source, model.reader().last(), report)));
  }
  return each.size() == 1 ? each.front() : models::unit(at::stack(each).mean(0));
}

// Photos and captions, as the untrained model finds the ones by the others.
Evaluation retrieve(engine::Session& session, data::Split split, Reporter& report) {
  const torch::NoGradGuard no_grad;
  constexpr auto kTarget = data::Target::caption;
  const auto& model = session.model();
  const auto& entry = tasks::task_of(kTarget);
  const auto source = session.source(session.dataset(), split, {}, &report);
  Random unused(0);  // nothing is drawn where no map is put behind the towers
  const auto head = entry.head({.model = model, .target = kTarget}, {}, unused);
  tasks::PredictionRows predictions(*source, kTarget, head->outputs());
  const at::Tensor features = session.encoder().features(*source, model->reader().last(), report);
  features::Encoder::each_pass(features, [&](const at::Tensor& rows, int64_t count) {
    nn::Context context;
    predictions.add(head->forward(rows, context).narrow(0, 0, count));
  });
  nn::Context context;
  predictions.tell(head->truth(models::targets_of(*source, kTarget), context));
  Evaluation result;
  result.reads = source->reads();
  result.predictions = predictions.take();
  result.scores = entry.make({})->score(result.predictions, /*intervals=*/true);
  return result;
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

Evaluation zero_shot_unlabelled(const ZeroShotOptions& options, const std::vector<std::string>& templates,
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
  data::report_findings(photos.paths, *images, report);
  features::Encoder encoder(
      model, images,
      {.workers = options.data.workers, .cache_dir = options.data.cache ? host.cache_dir : std::filesystem::path()});
  data::Dataset dataset;
  dataset.name = options.data.data;
  const auto source = models::source_of(*model, dataset, engine::samples_of(photos), {.images = images});
  return zero_shot(model, encoder, classes, templates, *source, report);
}

Evaluation zero_shot_labelled(const ZeroShotOptions& options, const std::vector<std::string>& templates,
                              const engine::Host& host, Reporter& report) {
  engine::Session session(options.model, options.data, host, report, {options.split});
  const bool said = !options.templates.empty() || !options.templates_file.empty();
  if (said && session.dataset().target == data::Target::caption) {
    throw ConfigError(
        "zero-shot", "--template, --templates: are what class names stand in, and {} has captions. Leave {}.",
        session.dataset().name, options.templates.empty() || options.templates_file.empty() ? "it out" : "them out");
  }
  // Of texts a class name alone is the usual prompt.
  return zero_shot(session, said || !reads_texts(*session.model()) ? templates : std::vector<std::string>{"{}"},
                   options.split, report);
}

}  // namespace

Evaluation zero_shot(const std::shared_ptr<models::Model>& model, features::Encoder& encoder,
                     const std::vector<std::string>& classes, const std::vector<std::string>& templates,
                     const data::Source& source, Reporter& report) {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> names;
  for (const auto& name : classes)
    names.push_back(data::prompt_name(name));
  tasks::PredictionRows predictions(source, data::Target::label, static_cast<int64_t>(classes.size()));
  if (model->class_features().rows.defined()) {
    const models::GivenPrompts prompts(*model);
    nn::Context context;
    predictions.add(prompts.forward(encoder.features(source, model->reader().last(), report), context));
  } else if (reads_texts(*model)) {
    const auto rows = class_rows(*model, encoder, names, templates, report);
    const auto features = models::unit(encoder.features(source, model->reader().last(), report));
    predictions.add(kSentenceScale * at::matmul(features, rows.t()));
  } else {
    models::ClassPrompts prompts(model, names, templates);
    engine::say_of_prompts(prompts, classes, report);
    const at::Tensor features = encoder.features(source, model->reader().last(), report);
    features::Encoder::each_pass(features, [&](const at::Tensor& rows, int64_t count) {
      nn::Context context;
      predictions.add(prompts.forward(rows, context).narrow(0, 0, count));
    });
  }
  Evaluation result;
  result.reads = source.reads();
  result.classes = classes;
  result.predictions = predictions.take();
  result.scores = tasks::score(tasks::count_classes(result.predictions), /*intervals=*/true);
  return result;
}

Evaluation zero_shot(const ZeroShotOptions& options, const engine::Host& host, Reporter& report) {
  const auto templates = engine::read_templates(options.templates, options.templates_file);
  const bool unlabelled = !options.data.dataset.classes.empty() && is_unlabelled(options.data.data);
  auto result = unlabelled ? zero_shot_unlabelled(options, templates, host, report)
                           : zero_shot_labelled(options, templates, host, report);
  if (!options.output.empty()) {
    tasks::write_predictions(options.output, option::print(options.split), result.predictions, result.classes);
  }
  return result;
}

Evaluation zero_shot(engine::Session& session, const std::vector<std::string>& templates, data::Split split,
                     Reporter& report) {
  if (session.dataset().target == data::Target::caption) return retrieve(session, split, report);
  check_reads_text(*session.model());
  if (session.dataset().target != data::Target::label) {
    throw DataError("zero-shot", "{} has {}: expected one class or a caption for each example.", session.dataset().name,
                    tasks::task_of(session.dataset().target).summary);
  }
  return zero_shot(session.model(), session.encoder(), session.dataset().classes, templates,
                   *session.source(session.dataset(), split, {}, nullptr), report);
}

}  // namespace graft::pipelines
