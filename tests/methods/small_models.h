// The tiny models that open_clip, timm and transformers wrote into tests/golden/methods, each with a LoRA adapter by
// PEFT.
#pragma once

#include <memory>
#include <string>

#include "graft/io/model_folder.h"
#include "graft/methods/method.h"
#include "tests/methods/golden.h"

namespace graft::methods {

inline std::shared_ptr<models::Model> small_model(const std::string& layout) {
  return models::load_model(io::ModelFolder::at(golden_path("peft_" + layout + "/base")), {});
}

// A method on a small model under a linear head for three classes, put in place.
struct OnSmallModel {
  explicit OnSmallModel(const std::string& layout, const std::string& name, const OptionValues& options = {})
      : model(small_model(layout)),
        random(1),
        head(model->reader().width(model->reader().last()), 3, models::HeadInit::normal, random),
        problem{model, {"a", "b", "c"}, 0, 12},
        method(make_method(name, options)),
        adaptation(method->attach(problem, head, random)),
        training(install(adaptation, *model, head)) {}

  int64_t trained() const {
    int64_t count = 0;
    for (const auto& [name, parameter] : training)
      count += name.starts_with("head.") ? 0 : parameter.numel();
    return count;
  }

  std::shared_ptr<models::Model> model;
  Random random;
  models::LinearHead head;
  Problem problem;
  std::unique_ptr<Method> method;
  Adaptation adaptation;
  std::vector<std::pair<std::string, at::Tensor>> training;
};

}  // namespace graft::methods
