#include "graft/engine/classification.h"

#include <torch/types.h>

#include <optional>
#include <utility>

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

at::Tensor feature_rows(const at::Tensor& value) {
  return value.dim() == 3 ? value.select(1, 0).contiguous() : value;
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
  at::Tensor features = batch.value;
  if (options_.place < features_at_) {
    auto& tower = adapted_.model->reader();
    features = tower.run(tower.kept(features, options_.place), options_.place, features_at_, context).x;
  }
  const at::Tensor logits = adapted_.classifier->forward(feature_rows(features), context);
  return options_.loss->sum(logits, batch.labels, options_.label_smoothing);
}

void Classification::parameters_changed() {
  if (text_ == TowerState::differentiated) prompts_of(adapted_)->forget();
}

std::optional<Scores> Classification::validate() {
  if (validation_.files.empty()) return {};
  return score(predict(validation_));
}

Predictions Classification::predict(const EvaluationSet& set) {
  const torch::NoGradGuard no_grad;
  parameters_changed();  // class prompts encoded with gradients are not kept for use without, nor the other way round
  at::Tensor features;
  if (options_.place > 0 && options_.cached) {
    features = encoder_.run(encoder_.features(set.paths, options_.place, report_), options_.place, features_at_);
  } else {
    features = encoder_.compute(set.paths, features_at_, report_);
  }
  const at::Tensor logits = Encoder::in_passes(feature_rows(features), [&](const at::Tensor& rows) {
    nn::Context context;
    return adapted_.classifier->forward(rows, context);
  });
  parameters_changed();
  return {set.files, set.labels, torch::softmax(logits.to(at::kFloat), 1)};
}

}  // namespace graft::engine
