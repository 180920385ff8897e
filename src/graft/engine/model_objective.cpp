#include "graft/engine/model_objective.h"

#include <torch/types.h>

#include <utility>

#include "graft/tensor/on_cpu.h"

namespace graft::engine {
ModelObjective::ModelObjective(Adapted& adapted, features::Encoder& encoder, Options options,
                               std::shared_ptr<const data::Source> validation, Reporter& report)
    : adapted_(adapted),
      encoder_(encoder),
      options_(std::move(options)),
      validation_(std::move(validation)),
      report_(report),
      features_at_(adapted.method->features_at(*adapted.model)),
      text_trains_(methods::text_changes(adapted.adaptation, *adapted.model)) {}

at::Tensor ModelObjective::loss(const train::Batch& batch, nn::Context& context) {
  auto& tower = adapted_.model->reader();
  auto value = batch.input;
  if (options_.place < features_at_) value = tower.run(std::move(value), options_.place, features_at_, context);
  return options_.task->loss(adapted_.classifier->answer(tower, value, context), batch.target);
}

void ModelObjective::parameters_changed() {
  if (text_trains_) adapted_.classifier->forget();
}

std::optional<tasks::Scores> ModelObjective::validate() {
  if (!validation_ || validation_->size() == 0) return {};
  return options_.task->score(predict(*validation_), /*intervals=*/false);
}

tasks::Predictions ModelObjective::predict(const data::Source& source) {
  const torch::NoGradGuard no_grad;
  parameters_changed();  // class prompts encoded with gradients are not kept for use without, nor the other way round
  at::Tensor features;
  if (options_.place > 0 && options_.cached) {
    const auto kept = adapted_.model->reader().kept(encoder_.features(source, options_.place, report_), options_.place);
    features = encoder_.run_to_rows(kept, options_.place, features_at_);
  } else {
    features = encoder_.rows(source, features_at_, report_);
  }
  const at::Tensor chosen = torch::tensor(options_.choices, tensor::on_cpu(at::kLong));
  tasks::PredictionRows predictions(source, options_.target,
                                    options_.choices.empty() ? adapted_.classifier->outputs() : chosen.numel());
  features::Encoder::each_pass(features, [&](const at::Tensor& rows, int64_t count) {
    nn::Context context;
    const at::Tensor outputs = adapted_.classifier->forward(rows, context).narrow(0, 0, count);
    predictions.add(options_.choices.empty() ? outputs : outputs.index_select(1, chosen));
  });
  parameters_changed();
  return predictions.take();
}

}  // namespace graft::engine
