// What is asked of a model on a data set, whatever its examples are: what is made small, and how answers are scored.
// One file a task, one line in tasks.def.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graft/core/random.h"
#include "graft/data/dataset.h"
#include "graft/methods/heads.h"
#include "graft/methods/setting.h"
#include "graft/models/head.h"
#include "graft/tasks/predictions.h"
#include "graft/tasks/scores.h"

namespace graft::tasks {

class Task {
 public:
  virtual ~Task() = default;

  // outputs of a head, [B, K] or of pixels [B, K, h, w], target as models::targets_of() and then its truth() give it ->
  // a scalar: the sum over the examples. Of a class an example the target may be shares [B, K] as well: of mixed
  // examples. `epoch`, from 0: what is made small may change.
  virtual at::Tensor loss(const at::Tensor& outputs, const at::Tensor& target, int64_t epoch = 0) const = 0;
  // What a mean of that divides by.
  virtual double weight(const at::Tensor& target, int64_t epoch = 0) const;

  // Of the examples whose target is known; the first score chooses the best epoch. Intervals are for a test.
  virtual Scores score(const Predictions& predictions, bool intervals) const = 0;
  virtual std::vector<std::string> score_names() const = 0;
};

struct TaskOptions {
  std::string loss = {};  // empty: the task's own
  double label_smoothing = 0;
  std::vector<std::string> classes = {};  // of a training run ...
  std::vector<int64_t> counts = {};       // ... and how many of its examples each has
};

struct TaskEntry {
  const char* name;
  const char* summary;
  data::Target target;  // what is known of its examples
  std::unique_ptr<Task> (*make)(const TaskOptions& options);
  // What answers, for a method's wish.
  std::shared_ptr<models::Head> (*head)(const methods::Setting&, const methods::HeadWish&, Random&);
  int64_t least_batch = 1;                 // examples that its loss needs together
  const char* own_loss = "cross-entropy";  // what a run writes down where --loss was left out

  std::string loss_or_own(const std::string& asked) const { return asked.empty() ? own_loss : asked; }
};

const std::vector<const TaskEntry*>& tasks();  // in the order of tasks.def
const TaskEntry& task_of(data::Target target);
const TaskEntry& find_task(const std::string& name);  // UsageError with the nearest name

// Of a result, to people: of photos accuracy and the mean per class.
size_t scores_shown(data::Reads reads, data::Target target);

}  // namespace graft::tasks
