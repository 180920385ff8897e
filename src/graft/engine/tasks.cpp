#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/engine/task.h"

namespace graft::engine {

#define TASK(name) extern const TaskEntry name##_task;
#include "graft/engine/tasks.def"
#undef TASK

const std::vector<const TaskEntry*>& tasks() {
  static const std::vector<const TaskEntry*> all = {
#define TASK(name) &name##_task,
#include "graft/engine/tasks.def"
#undef TASK
  };
  return all;
}

const TaskEntry& task_of(data::Target target) {
  const auto found = std::ranges::find_if(tasks(), [&](const TaskEntry* entry) { return entry->target == target; });
  GRAFT_ASSERT(found != tasks().end());
  return **found;
}

const TaskEntry& find_task(const std::string& name) {
  std::vector<std::string> known;
  for (const auto* entry : tasks()) {
    if (entry->name == name) return *entry;
    known.emplace_back(entry->name);
  }
  throw UsageError("tasks", "{}", unknown_name("task", name, known));
}

int64_t outputs_of(const data::Dataset& dataset) {
  if (dataset.target != data::Target::value) return static_cast<int64_t>(dataset.classes.size());
  return dataset.train.empty() ? 1 : static_cast<int64_t>(dataset.train.front().values.size());
}

}  // namespace graft::engine
