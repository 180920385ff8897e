#include "graft/methods/recipe.h"

#include "graft/core/options.h"

namespace graft::methods {

std::vector<std::pair<OptimizerKind, std::string>> choices(OptimizerKind) {
  return {{OptimizerKind::sgd, "sgd"}, {OptimizerKind::adam, "adam"}, {OptimizerKind::adamw, "adamw"}};
}

std::vector<std::pair<ScheduleKind, std::string>> choices(ScheduleKind) {
  return {{ScheduleKind::constant, "constant"}, {ScheduleKind::linear, "linear"}, {ScheduleKind::cosine, "cosine"},
          {ScheduleKind::coop, "coop"},         {ScheduleKind::vpt, "vpt"},       {ScheduleKind::poly, "poly"}};
}

std::vector<std::pair<Augmentation, std::string>> choices(Augmentation) {
  return {{Augmentation::none, "none"},
          {Augmentation::flip, "flip"},
          {Augmentation::crop, "crop"},
          {Augmentation::crop_flip, "crop-flip"},
          {Augmentation::crop_flip_jitter, "crop-flip-jitter"},
          {Augmentation::crop_flip_erase, "crop-flip-erase"},
          {Augmentation::rand_augment, "rand-augment"},
          {Augmentation::trivial_augment, "trivial-augment"},
          {Augmentation::simclr, "simclr"}};
}

Recipe with(const Recipe& recipe, const RecipeChanges& changes) {
  OptionValues values = write_options(changes);
  std::erase_if(values, [](const auto& option) { return option.second.empty(); });
  return read_options<Recipe>("train", values, recipe);
}

RecipeChanges all_of(const Recipe& recipe) {
  return read_options<RecipeChanges>("train", write_options(recipe));
}

}  // namespace graft::methods
