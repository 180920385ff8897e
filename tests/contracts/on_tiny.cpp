#include "tests/contracts/on_tiny.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/random.h"

namespace graft::testing {
namespace {

constexpr int64_t kExamples = 6, kClasses = 3, kNumbers = 2, kFrames = 3;

at::Tensor target_of(data::Target target) {
  const auto label = torch::arange(kExamples) % kClasses;
  switch (target) {
    case data::Target::label:
      return label;
    case data::Target::labels:  // its class, and the first
      return torch::one_hot(label, kClasses).to(at::kFloat).index_fill(1, torch::tensor({int64_t{0}}), 1);
    case data::Target::value:
      return random_tensor({kExamples, kNumbers}, 9);
    case data::Target::caption: {  // three texts by CLIP's ids, one of them longer
      const auto texts = torch::tensor({{49406, 2368, 49407, -1}, {49406, 1929, 49407, -1}, {49406, 1746, 320, 49407}});
      return texts.to(at::kLong).index_select(0, label);
    }
    case data::Target::mask:  // its class, here and there another, and a row that is not counted
      return (torch::arange(kExamples * 5 * 7) % 4)
          .clamp_max(kClasses - 1)
          .view({kExamples, 5, 7})
          .add(label.view({-1, 1, 1}))
          .remainder(kClasses)
          .to(at::kByte)
          .index_fill(1, torch::tensor({int64_t{0}}), 255);
  }
  throw InternalError("test", "no tiny targets of that kind: add them to tests/contracts/on_tiny.cpp");
}

const TinyCheckpoint& checkpoint_of(const TinyFamily& family) {
  static std::map<std::string, TinyCheckpoint> made;
  auto found = made.find(family.name);
  if (found == made.end()) found = made.emplace(family.name, family.checkpoint(1)).first;
  return found->second;
}

nn::Value examples_of(const Case& c) {
  auto read = checkpoint_of(*c.family).examples(kExamples * c.frames, 1);
  if (c.frames > 1) read.layout.frames = c.frames;  // else as the family has it
  return read;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.method->name << " on " << c.family->name << " for " << c.task->name;
}

std::ostream& operator<<(std::ostream& out, const TinyFamily& family) {
  return out << family.name;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& family : tiny_families()) {
    const auto model = tiny_model(family);
    for (const auto* method : methods::entries()) {
      const int64_t frames = method->needs.clips ? kFrames : 1;
      if (!methods::fits(*method, *model, frames)) continue;
      for (const auto* task : tasks::tasks()) {
        const bool masks = task->target == data::Target::mask;  // of photos whose map can be read
        if (masks && (frames > 1 || !model->reader().dense())) continue;
        const bool pairs = task->target == data::Target::caption;  // of photos, by a model that reads both
        if (pairs && (frames > 1 || !model->has_prompts())) continue;
        all.push_back({method, &family, task, frames});
      }
    }
  }
  return all;
}

std::shared_ptr<models::Model> tiny_model(const TinyFamily& family) {
  at::set_num_threads(1);  // on tensors this small, threads would only wait for each other
  auto checkpoint = checkpoint_of(family);
  for (auto& [name, tensor] : checkpoint.tensors)
    tensor = tensor.clone();  // a model may hold its checkpoint's memory
  return checkpoint.load();
}

methods::Setting setting_of(const Case& c) {
  methods::Setting setting{.model = tiny_model(*c.family),
                           .shots = kExamples / kClasses,
                           .train_size = kExamples,
                           .target = c.task->target,
                           .frames = c.frames,
                           .templates = {"a photo of a {}."}};
  if (setting.target == data::Target::value) {
    setting.outputs = kNumbers;
  } else if (data::has_classes(setting.target) || setting.target == data::Target::mask) {
    setting.classes = {"cat", "dog", "tram"};
  }
  return setting;
}

OnTiny on_tiny(const Case& c, uint64_t seed) {
  // Not zero, whatever the wish says: through a zero head nothing below would get a gradient.
  const methods::MakeHead lively = [&](const methods::Setting& setting, methods::HeadWish wish, Random& random) {
    wish.init = models::HeadInit::normal;
    return c.task->head(setting, wish, random);
  };
  OnTiny on{methods::build_adapted(setting_of(c), c.method->parse({}), {.make_head = lively, .seed = seed}),
            examples_of(c), target_of(c.task->target), c.task->make({})};

  Silent silent;
  const methods::Features features = [&](data::Split split, nn::Place place, int64_t views) -> methods::FeatureSet {
    if (split == data::Split::val) return {};
    const torch::NoGradGuard no_grad;
    auto& tower = on.model->reader();
    const auto rows = tower.rows(tower.run(on.examples, 0, place, {}));
    const auto all = [&](const at::Tensor& x) { return at::cat(std::vector<at::Tensor>(views, x)); };
    return {all(rows), all(on.target)};
  };
  methods::Stage stage{on.model, *on.head, on.adaptation, features, Random(seed), silent, c.task->target};
  on.method->before_training(stage);
  return on;
}

at::Tensor OnTiny::answers(bool train, bool recompute) const {
  nn::Context context;
  context.training = train;
  context.recompute = recompute;
  context.generator = at::make_generator<at::CPUGeneratorImpl>(1);
  auto input = examples;
  if (input.x.is_floating_point()) input.x = input.x.to(model->parameters().front().scalar_type());
  return answer(std::move(input), context);
}

at::Tensor OnTiny::loss(bool recompute) const {
  nn::Context context;
  if (head->has_own_loss()) {
    context = {.training = true, .recompute = recompute, .generator = at::make_generator<at::CPUGeneratorImpl>(1)};
    const auto& tower = model->reader();
    return head->own_loss(tower, tower.run(examples, 0, head_at, context), target, context);
  }
  return task->loss(answers(true, recompute), head->truth(target, context)) / task->weight(target);
}

void OnTiny::step(double lr) {
  for (auto& [name, parameter] : parameters)
    parameter.mutable_grad() = at::Tensor();
  loss().backward();
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
