#include "graft/methods/heads.h"

#include <torch/types.h>

#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/data/dataset.h"
#include "graft/models/clip/class_prompts.h"
#include "graft/models/feature_model.h"

namespace graft::methods {
std::shared_ptr<models::Head> class_prompts(const Setting& setting, const HeadWish& wish,
                                            const std::string& needed_by) {
  setting.model->require_prompts("adapt", needed_by);
  if (setting.classes.empty()) {
    throw ConfigError("adapt", "{} classes, and here a number is told of each example. Say --classifier linear.",
                      needed_by);
  }
  if (setting.model->class_features().rows.defined() && wish.learned_words == 0)
    return std::make_shared<models::GivenPrompts>(*setting.model);
  std::vector<std::string> names;
  for (const auto& name : setting.classes)
    names.push_back(data::prompt_name(name));
  return std::make_shared<models::ClassPrompts>(setting.model, std::move(names), setting.templates, wish.learned_words,
                                                wish.word_position);
}

namespace {

std::shared_ptr<models::Head> linear_head(const Setting& setting, const HeadWish& wish, Random& random) {
  const int64_t width = setting.model->reader().width(place_of(wish, *setting.model));
  auto head = std::make_shared<models::LinearHead>(width, setting.head_outputs(), wish.init, random);
  if (wish.init == models::HeadInit::class_text) {
    const torch::NoGradGuard no_grad;
    const auto prompts = class_prompts(setting, {}, "a head that starts as the class prompts needs");
    nn::Context context;
    head->weight.copy_(prompts->class_weights(context) * prompts->scale());
  }
  return head;
}

}  // namespace

nn::Place place_of(const HeadWish& wish, const models::Model& model) {
  return wish.kind == models::HeadKind::prompts ? model.reader().last() : wish.at.value_or(model.reader().last());
}

std::shared_ptr<models::Head> head_of_examples(const Setting& setting, const HeadWish& wish, Random& random) {
  if (wish.make) {
    if (wish.kind != models::HeadKind::own) {
      throw ConfigError("adapt", "--classifier {}: the method has a classifier of its own. Leave it out.",
                        to_string(wish.kind));
    }
    return wish.make(setting.model->reader().width(place_of(wish, *setting.model)), setting.head_outputs(), random);
  }
  const bool prompts = wish.kind == models::HeadKind::own ? setting.model->has_prompts() && !setting.classes.empty()
                                                          : wish.kind == models::HeadKind::prompts;
  if (!prompts) return linear_head(setting, wish, random);
  return class_prompts(setting, wish, "class prompts (--classifier linear does without) need");
}

}  // namespace graft::methods
