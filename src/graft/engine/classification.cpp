#include "graft/engine/classification.h"

#include <torch/types.h>

#include <optional>
#include <utility>

#include "graft/engine/accuracy.h"

namespace graft::engine {
namespace {

models::PromptClassifier* prompts_of(const Adapted& adapted) {
  return dynamic_cast<models::PromptClassifier*>(adapted.classifier.get());
}

}  // namespace

const char* to_string(TowerState state) {
  switch (state) {
    case TowerState::cached:
      return "cached";
    case TowerState::frozen:
      return "frozen";
    default:
      return "differentiated";
  }
}

Classification::Classification(Adapted& adapted, Encoder& encoder, Options options, EvaluationSet validation,
                               Reporter& report)
    : adapted_(adapted),
      encoder_(encoder),
      options_(std::move(options)),
      validation_(std::move(validation)),
      report_(report),
      features_at_(adapted.method->features_at(*adapted.model)) {
  const bool image_changes = options_.place < features_at_;
  image_ = image_changes ? TowerState::differentiated : options_.cached ? TowerState::cached : TowerState::frozen;
  const bool text_changes = prompts_of(adapted) && methods::text_changes(adapted.adaptation, *adapted.model);
  text_ = text_changes ? TowerState::differentiated : TowerState::cached;
}

at::Tensor Classification::loss(const Batch& batch, nn::Context& context) {
  auto& tower = adapted_.model->reader();
  auto value = batch.input;
  if (options_.place < features_at_) value = tower.run(std::move(value), options_.place, features_at_, context);
  const at::Tensor logits = adapted_.classifier->forward(tower.rows(value), context);
  return options_.loss->sum(logits, batch.target, options_.label_smoothing);
}

void Classification::parameters_changed() {
  if (text_ == TowerState::differentiated) prompts_of(adapted_)->forget();
}

std::optional<Scores> Classification::validate() {
  if (validation_.files.empty()) return {};
  return score(count_classes(predict(validation_)));
}

Predictions Classification::predict(const EvaluationSet& set) {
  const torch::NoGradGuard no_grad;
  parameters_changed();  // class prompts encoded with gradients are not kept for use without, nor the other way round
  at::Tensor features;
  if (options_.place > 0 && options_.cached) {
    features =
        encoder_.run_to_rows(encoder_.features(set.paths, options_.place, report_), options_.place, features_at_);
  } else {
    features = encoder_.rows(set.paths, features_at_, report_);
  }
  const at::Tensor chosen = torch::tensor(options_.choices, at::kLong);
  PredictionRows predictions(set.files, set.labels,
                             options_.choices.empty() ? adapted_.classifier->classes() : chosen.numel());
  Encoder::each_pass(features, [&](const at::Tensor& rows, int64_t count) {
    nn::Context context;
    const at::Tensor logits = adapted_.classifier->forward(rows, context).narrow(0, 0, count);
    predictions.add(options_.choices.empty() ? logits : logits.index_select(1, chosen));
  });
  parameters_changed();
  return predictions.take();
}

}  // namespace graft::engine
