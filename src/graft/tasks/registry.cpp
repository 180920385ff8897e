#include <ATen/core/Tensor.h>

#include <algorithm>
#include <limits>

#include "graft/core/error.h"
#include "graft/core/registry.h"
#include "graft/tasks/task.h"

namespace graft::tasks {

#define TASK(name) extern const TaskEntry name##_task;
#include "graft/tasks/tasks.def"
#undef TASK

const std::vector<const TaskEntry*>& tasks() {
  static const std::vector<const TaskEntry*> all = {
#define TASK(name) &name##_task,
#include "graft/tasks/tasks.def"
#undef TASK
  };
  return all;
}

double Task::weight(const at::Tensor& target, int64_t) const {
  return static_cast<double>(target.size(0));
}

const TaskEntry& task_of(data::Target target) {
  const auto found = std::ranges::find_if(tasks(), [&](const TaskEntry* entry) { return entry->target == target; });
  GRAFT_ASSERT(found != tasks().end());
  return **found;
}

const TaskEntry& find_task(const std::string& name) {
  return find_named("tasks", "task", tasks(), name);
}

size_t scores_shown(data::Reads reads, data::Target target) {
  if (target == data::Target::caption) return std::numeric_limits<size_t>::max();
  return reads == data::Reads::photo || reads == data::Reads::features ? 2
         : reads == data::Reads::text                                  ? 4
                                                                       : std::numeric_limits<size_t>::max();
}

}  // namespace graft::tasks
