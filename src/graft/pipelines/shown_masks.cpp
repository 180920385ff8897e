#include "graft/pipelines/shown_masks.h"

#include <algorithm>

#include "graft/engine/model_objective.h"
#include "graft/engine/prepared_run.h"

namespace graft::pipelines {
namespace {

constexpr int64_t kShown = 12;

}  // namespace

std::vector<ShownMask> show_masks(engine::PreparedRun& run, Reporter& report) {
  if (run.dataset.target != data::Target::mask) return {};
  auto all = run.source(data::Split::val);
  if (!all || all->size() == 0) all = run.source(data::Split::test);
  const auto count = std::min(kShown, all->size());
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < count; ++i)
    rows.push_back(i * all->size() / count);
  const data::Selection some(*all, rows);
  std::vector<ShownMask> shown;
  engine::ModelObjective objective(run.adapted, run.session.encoder(),
                                   {.task = run.task,
                                    .target = data::Target::mask,
                                    .masks =
                                        [&](int64_t row, const data::Mask& told) {
                                          shown.push_back({some.name(row), told, *some.mask(row)});
                                        }},
                                   nullptr, report);
  objective.predict(some);
  return shown;
}

}  // namespace graft::pipelines
