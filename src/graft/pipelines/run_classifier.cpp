#include "graft/pipelines/run_classifier.h"

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/engine/model_objective.h"
#include "graft/engine/run_data.h"
#include "graft/tasks/task.h"

namespace graft::pipelines {

engine::AdapterInfo read_classifier_info(const std::string& run) {
  engine::AdapterInfo info = engine::read_adapter_info(run);
  if (info.merged && info.head_outputs() == 0 && data::has_classes(tasks::find_task(info.task).target)) {
    throw ModelError("adapter", "{} has no classes to predict: the adapter that was merged had none.", run);
  }
  if (!info.foreign() || info.head_outputs() > 0) return info;
  throw ModelError("adapter",
                   "{} holds an adapter that PEFT wrote without a classifier (modules_to_save): it has no classes to "
                   "predict. Use it with `graft features --adapter` or `graft merge`.",
                   run);
}

methods::Adapted load_classifier(const std::string& run, const std::shared_ptr<models::Model>& model, bool force_base,
                                 Reporter& report) {
  methods::Adapted adapted = engine::load_adapter(run, model, report, force_base);
  if (adapted.headless.empty()) return adapted;
  throw ModelError(
      "adapter",
      "{}: {}, so that it has no classes to predict. Use it with `graft features --adapter` or `graft merge`.", run,
      adapted.headless);
}

Evaluation evaluate_on(methods::Adapted& adapted, const engine::AdapterInfo& info, features::Encoder& encoder,
                       const data::Source& source, const ChoiceOfClasses& choice, Reporter& report,
                       tasks::PredictionRows::MaskSink masks) {
  const auto& entry = tasks::find_task(info.task);
  const auto& tower = adapted.model->reader();
  const nn::Place place =
      features::kept_place(tower, std::min(methods::earliest_change(adapted.whole(), *adapted.model), adapted.head_at));
  const std::shared_ptr<const tasks::Task> task = entry.make({});
  engine::ModelObjective objective(adapted, encoder,
                                   {.place = place,
                                    .task = task,
                                    .target = entry.target,
                                    .cached = place > 0 && encoder.fits(source.size(), place, source.frames()),
                                    .choices = choice.columns,
                                    .masks = std::move(masks)},
                                   nullptr, report);
  Evaluation result;
  result.reads = source.reads();
  result.classes = choice.classes;
  result.predictions = objective.predict(source);
  result.scores = task->score(result.predictions, /*intervals=*/true);
  return result;
}

engine::DataOptions own_data(const std::string& run, const engine::DataOptions& asked) {
  const auto own = engine::data_of_run(run);
  if (!own) {
    throw UsageError("evaluate", "which photos? {} does not know the data that it was trained on: give --data.", run);
  }
  OptionValues values = write_options(*own);
  const OptionValues defaults = write_options(engine::DataOptions{});
  for (const auto& [name, text] : write_options(asked)) {
    if (text != defaults.at(name)) values[name] = text;
  }
  return read_options<engine::DataOptions>("evaluate", values);
}

}  // namespace graft::pipelines
