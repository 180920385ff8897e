#include "tests/contracts/adapted.h"

#include <ATen/Parallel.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "graft/models/clip/class_prompts.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {

std::shared_ptr<models::Model> tiny_model(const std::string& kind) {
  at::set_num_threads(1);  // on tensors this small, threads would only wait for each other
  return kind == "clip" ? tiny_clip() : tiny_vit();
}

Adapted adapted(const methods::Entry& entry, const std::string& kind, uint64_t seed) {
  Adapted a;
  a.model = tiny_model(kind);
  a.images = tiny_images(6);
  a.labels = torch::arange(6) % 3;
  a.problem = {a.model, {"cat", "dog", "tram"}, 2, 6};
  a.method = entry.parse({});
  Random random(seed);
  if (a.method->classifier(*a.model) == models::HeadKind::prompts) {
    a.classifier =
        std::make_unique<models::ClassPrompts>(a.model, a.problem.classes, std::vector<std::string>{"a photo of a {}."},
                                               a.method->learned_words(a.problem), a.method->word_position());
  } else {
    // Not zero, whatever the recipe says: through a zero head nothing below would get a gradient.
    a.classifier = std::make_unique<models::LinearHead>(a.model->reader().width(a.method->features_at(*a.model)), 3,
                                                        models::HeadInit::normal, random);
  }
  a.adaptation = a.method->attach(a.problem, *a.classifier, random);
  a.put_in_place();

  Silent silent;
  const methods::Features features = [&](methods::Split split, nn::Place place, int64_t views) -> methods::FeatureSet {
    if (split == methods::Split::val) return {};
    const torch::NoGradGuard no_grad;
    nn::Context context;
    return {a.model->reader().run({a.images}, 0, place, context).x.repeat({views, 1}), a.labels.repeat({views})};
  };
  methods::Stage stage{a.model, *a.classifier, a.adaptation, features, Random(seed), silent};
  a.method->before_training(stage);
  return a;
}

at::Tensor Adapted::logits(bool train, bool recompute) const {
  nn::Context context;
  context.training = train;
  context.recompute = recompute;
  context.generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const auto input = images.to(model->parameters().front().scalar_type());
  const auto features = model->reader().run({input}, 0, method->features_at(*model), context).x;
  return classifier->forward(features, context);
}

void Adapted::step(double lr) {
  for (auto& [name, parameter] : training)
    parameter.mutable_grad() = at::Tensor();
  torch::cross_entropy_loss(logits(true), labels).backward();
  const torch::NoGradGuard no_grad;
  for (auto& [name, parameter] : training) {
    if (parameter.grad().defined()) parameter.sub_(parameter.grad(), lr);
  }
}

std::vector<std::pair<std::string, at::Tensor>> state_of(const torch::nn::Module& module) {
  std::vector<std::pair<std::string, at::Tensor>> state;
  for (const auto& p : module.named_parameters())
    state.emplace_back(p.key(), p.value().detach().clone());
  for (const auto& b : module.named_buffers())
    state.emplace_back(b.key(), b.value().detach().clone());
  return state;
}

}  // namespace graft::testing
