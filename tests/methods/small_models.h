// The tiny models that open_clip, timm and transformers wrote into tests/golden/methods, each with a LoRA adapter by
// PEFT.
#pragma once

#include <memory>
#include <string>

#include "graft/io/model_folder.h"
#include "graft/methods/adapted.h"
#include "graft/methods/entry.h"
#include "tests/methods/golden.h"

namespace graft::methods {

inline std::shared_ptr<models::Model> small_model(const std::string& layout) {
  return models::load_model(io::ModelFolder::at(golden_path("peft_" + layout + "/base")), {});
}

// Under a linear head for three classes, whose numbers are not zero: the features below it get gradients.
inline Adapted under_linear_head(std::shared_ptr<models::Model> model, const std::string& name,
                                 const OptionValues& options) {
  const MakeHead normal = [](const Setting& setting, HeadWish wish, Random& random) {
    wish.init = models::HeadInit::normal;
    return head_of_examples(setting, wish, random);
  };
  return build_adapted({.model = std::move(model), .classes = {"a", "b", "c"}, .train_size = 12},
                       make_method(name, options), {.make_head = normal, .head = models::HeadKind::linear});
}

struct OnSmallModel : Adapted {
  explicit OnSmallModel(const std::string& layout, const std::string& name, const OptionValues& options = {})
      : Adapted(under_linear_head(small_model(layout), name, options)) {}

  int64_t trained() const {  // numbers outside the head
    int64_t count = 0;
    for (const auto& [name, parameter] : parameters)
      count += name.starts_with("head.") ? 0 : parameter.numel();
    return count;
  }
};

}  // namespace graft::methods
