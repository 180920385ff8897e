#include "graft/methods/adapted.h"

#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/core/random.h"

namespace graft::methods {

at::Tensor Adapted::answer(nn::Value read, nn::Context& context) const {
  auto& tower = model->reader();
  return head->answer(tower, tower.run(std::move(read), 0, head_at, context), context);
}

Adaptation Adapted::whole() const {
  Adaptation all = adaptation;
  all.bindings.insert(all.bindings.end(), blocks.begin(), blocks.end());
  return all;
}

void Adapted::install() {
  parameters = methods::install(whole(), *model, *head);
  statistics = methods::statistics(whole(), *model);
}

int64_t Adapted::trained_parameters() const {
  int64_t count = 0;
  for (const auto& [name, parameter] : parameters)
    count += parameter.numel();
  return count;
}

Adapted assemble(Setting setting, std::unique_ptr<Method> method, std::shared_ptr<models::Head> head,
                 Adaptation adaptation, std::vector<Binding> blocks) {
  Adapted adapted;
  adapted.model = setting.model;
  auto wish = method->head(setting);
  wish.kind = head->kind();
  adapted.head_at = head->map_at().value_or(place_of(wish, *setting.model));
  adapted.method = std::move(method);
  adapted.head = std::move(head);
  adapted.adaptation = std::move(adaptation);
  adapted.blocks = std::move(blocks);
  adapted.setting = std::move(setting);
  adapted.install();
  return adapted;
}

Adapted build_adapted(Setting setting, std::unique_ptr<Method> method, const BuildOptions& options) {
  Random random = Random(options.seed).fork("start");
  Random head_random = random.fork("head");
  auto wish = method->head(setting);
  wish.kind = options.head.value_or(wish.kind);
  auto head = options.make_head(setting, wish, head_random);
  auto adaptation = method->attach(setting, *head, random);
  if (options.attached) options.attached(adaptation);
  auto blocks = options.blocks ? options.blocks(*setting.model) : std::vector<Binding>();
  return assemble(std::move(setting), std::move(method), std::move(head), std::move(adaptation), std::move(blocks));
}

void serve_classes(Adapted& adapted, std::vector<std::string> classes, const MakeHead& make_head) {
  adapted.setting.classes = std::move(classes);
  adapted.setting.outputs = 0;
  auto wish = adapted.method->head(adapted.setting);
  wish.kind = adapted.head->kind();
  Random unused(0);  // what it has of its own is that of the head before
  const auto learned = adapted.head->named_parameters();
  adapted.head = make_head(adapted.setting, wish, unused);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : adapted.head->named_parameters())
    parameter.value().copy_(learned[parameter.key()]);
  for (const auto& binding : adapted.adaptation.bindings) {
    GRAFT_ASSERT(!binding.insert->is_of_its_classes());
    for (const auto& site : binding.sites) {
      if (site == adapted.head->joint().site().path) adapted.head->joint().put(binding.insert);
    }
  }
}

}  // namespace graft::methods
