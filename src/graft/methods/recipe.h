// How a method is trained unless the user says otherwise: each paper has its own, and one --lr cannot serve all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace graft::methods {

enum class OptimizerKind { sgd, adam, adamw };
enum class ScheduleKind { constant, linear, cosine, coop, vpt, poly };  // engine/schedule.h has the formulas
enum class Augmentation {
  none,
  flip,
  crop,
  crop_flip,
  crop_flip_jitter,
  crop_flip_erase,
  rand_augment,
  trivial_augment,
  simclr
};  // engine/augmentation.h says what each does

std::vector<std::pair<OptimizerKind, std::string>> choices(OptimizerKind);
std::vector<std::pair<ScheduleKind, std::string>> choices(ScheduleKind);
std::vector<std::pair<Augmentation, std::string>> choices(Augmentation);

// A recipe, and what somebody would have otherwise, are one list: `Field` is the value itself, or an optional that is
// empty where nothing was said. What is visited is an option of a run; a new one is a member and a line here.
template <template <class> class Field>
struct RecipeOf {
  template <class T>
  static constexpr Field<T> usual(T value) {
    if constexpr (std::is_same_v<Field<T>, T>) {
      return value;
    } else {
      return {};
    }
  }
  Field<OptimizerKind> optimizer = usual(OptimizerKind::adamw);
  Field<double> lr = usual(1e-3);           // at the batch size below; not rescaled for another
  Field<double> weight_decay = usual(0.0);  // not on biases, norms and one-dimensional parameters
  Field<double> momentum = usual(0.9);      // SGD
  Field<double> eps = usual(1e-8);          // Adam
  Field<ScheduleKind> schedule = usual(ScheduleKind::cosine);
  Field<double> warmup_epochs = usual(0.0);
  Field<int64_t> epochs = usual(int64_t{50});  // 0: nothing is trained by gradient steps
  Field<int64_t> steps = usual(int64_t{0});    // 0: as the epochs have it; else the epochs follow from it
  Field<int64_t> batch_size = usual(int64_t{32});
  Field<double> clip_norm = usual(0.0);  // largest norm of all gradients together; 0: not clipped
  Field<double> label_smoothing = usual(0.0);
  Field<double> min_crop = usual(0.08);  // smallest area of a random resized crop
  Field<Augmentation> augmentation = usual(Augmentation::none);
};
template <class Visitor, template <class> class Field>
void fields(Visitor& visit, RecipeOf<Field>& r) {
  visit("epochs", r.epochs, "passes over the training photos (default: the method's recipe)");
  visit("steps", r.steps, "steps of training, in place of epochs; the learning rate's schedule spreads over them");
  visit("batch-size", r.batch_size, "photos a pass of the model (default: the method's recipe)");
  visit("lr", r.lr, "largest learning rate (default: the method's recipe)");
  visit("weight-decay", r.weight_decay, "decay of matrices; biases and norms have none (default: the method's recipe)");
  visit("warmup", r.warmup_epochs, "epochs of rising learning rate (default: the method's recipe)");
  visit("optimizer", r.optimizer, "default: the method's recipe");
  visit("momentum", r.momentum, "of SGD (default: the method's recipe)");
  visit("schedule", r.schedule, "how the learning rate falls (default: the method's recipe)");
  visit("clip", r.clip_norm, "largest norm of all gradients together; 0: none (default: the method's recipe)");
  visit("label-smoothing", r.label_smoothing,
        "share of a label spread over all classes (default: the method's recipe)");
  visit("augment", r.augmentation, "random changes of training photos (default: the method's recipe)");
  visit("min-crop", r.min_crop, "smallest area of a random crop (default: the method's recipe)");
}

using Recipe = RecipeOf<std::type_identity_t>;
using RecipeChanges = RecipeOf<std::optional>;

Recipe with(const Recipe& recipe, const RecipeChanges& changes);
RecipeChanges all_of(const Recipe& recipe);  // as if each value had been asked for

}  // namespace graft::methods
