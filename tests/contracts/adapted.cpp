#include "tests/contracts/adapted.h"

#include <ATen/Parallel.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "tests/support/tiny_models.h"

namespace graft::testing {

std::shared_ptr<models::Model> tiny_model(const std::string& kind) {
  at::set_num_threads(1);  // on tensors this small, threads would only wait for each other
  return kind == "clip" ? tiny_clip() : tiny_vit();
}

Adapted adapted(const methods::Entry& entry, const std::string& kind, uint64_t seed) {
  methods::Setting setting{.model = tiny_model(kind),
                           .classes = {"cat", "dog", "tram"},
                           .shots = 2,
                           .train_size = 6,
                           .templates = {"a photo of a {}."}};
  // Not zero, whatever the wish says: through a zero head nothing below would get a gradient.
  const methods::MakeHead normal = [](const methods::Setting& of, methods::HeadWish wish, Random& random) {
    wish.init = models::HeadInit::normal;
    return methods::head_of_examples(of, wish, random);
  };
  Adapted a{methods::build_adapted(std::move(setting), entry.parse({}), {.make_head = normal, .seed = seed}),
            tiny_images(6), torch::arange(6) % 3};

  Silent silent;
  const methods::Features features = [&](data::Split split, nn::Place place, int64_t views) -> methods::FeatureSet {
    if (split == data::Split::val) return {};
    const torch::NoGradGuard no_grad;
    nn::Context context;
    return {a.model->reader().run({a.images}, 0, place, context).x.repeat({views, 1}), a.labels.repeat({views})};
  };
  methods::Stage stage{a.model, *a.head, a.adaptation, features, Random(seed), silent};
  a.method->before_training(stage);
  return a;
}

at::Tensor Adapted::logits(bool train, bool recompute) const {
  nn::Context context;
  context.training = train;
  context.recompute = recompute;
  context.generator = at::make_generator<at::CPUGeneratorImpl>(1);
  return answer({images.to(model->parameters().front().scalar_type())}, context);
}

void Adapted::step(double lr) {
  for (auto& [name, parameter] : parameters)
    parameter.mutable_grad() = at::Tensor();
  torch::cross_entropy_loss(logits(true), labels).backward();
  const torch::NoGradGuard no_grad;
  for (auto& [name, parameter] : parameters) {
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
