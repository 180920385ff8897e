// How a method is trained unless the user says otherwise: each paper has its own, and one --lr cannot serve all.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/models/head.h"

namespace graft::methods {

enum class OptimizerKind { sgd, adam, adamw };
enum class ScheduleKind { constant, linear, cosine, coop, vpt };      // engine/schedule.h has the formulas
enum class Augmentation { none, flip, crop_flip, crop_flip_jitter };  // random resized crop and flip, colour jitter

std::vector<std::pair<OptimizerKind, std::string>> choices(OptimizerKind);
std::vector<std::pair<ScheduleKind, std::string>> choices(ScheduleKind);
std::vector<std::pair<Augmentation, std::string>> choices(Augmentation);

struct Recipe {
  OptimizerKind optimizer = OptimizerKind::adamw;
  double lr = 1e-3;         // at the batch size below; not rescaled for another
  double weight_decay = 0;  // not on biases, norms and one-dimensional parameters
  double momentum = 0.9;    // SGD
  double eps = 1e-8;        // Adam
  ScheduleKind schedule = ScheduleKind::cosine;
  double warmup_epochs = 0;
  int64_t epochs = 50;  // 0: nothing is trained by gradient steps
  int64_t batch_size = 32;
  double clip_norm = 0;  // largest norm of all gradients together; 0: not clipped
  double label_smoothing = 0;
  double min_crop = 0.08;  // smallest area of a random resized crop
  Augmentation augmentation = Augmentation::none;
  models::HeadInit head_init = models::HeadInit::zero;
};

}  // namespace graft::methods
