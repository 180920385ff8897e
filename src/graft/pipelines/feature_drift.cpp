#include "graft/pipelines/feature_drift.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/methods/adaptation.h"
#include "graft/tensor/on_cpu.h"

namespace graft::pipelines {
namespace {

constexpr int64_t kFewest = 4;  // of the debiased form

std::span<const double> numbers(const at::Tensor& rows) {
  return {rows.const_data_ptr<double>(), static_cast<size_t>(rows.numel())};
}

}  // namespace

DriftMeasure::DriftMeasure(engine::PreparedRun& run, const at::Tensor& read, int64_t most, Reporter& report) {
  const auto& model = *run.session.model();
  const nn::Place last = model.reader().last();
  const auto source = run.source(data::Split::test);
  const int64_t count = std::min(most, source->size());
  if (count < kFewest || methods::earliest_change(run.adapted.whole(), *run.session.model()) >= last) return;
  const auto start = Clock::now();
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < count; ++i)
    chosen.push_back(i * source->size() / count);
  source_ = source;
  if (read.defined() && run.adapted.head_at == last)
    adapted_ = read.index_select(0, torch::tensor(chosen, tensor::on_cpu(at::kLong)));
  examples_ = std::make_unique<data::Selection>(*source_, std::move(chosen));
  if (!adapted_.defined()) adapted_ = run.session.encoder().rows(*examples_, last, report);
  seconds_ = seconds_since(start);
}

std::optional<FeatureDrift> DriftMeasure::against_frozen(engine::Session& session, Reporter& report) {
  if (!adapted_.defined()) return {};
  const auto start = Clock::now();
  const auto& tower = session.model()->reader();
  const auto frozen =
      tower.rows(tower.kept(session.encoder().features(*examples_, tower.last(), report), tower.last()));
  const auto x = frozen.to(at::kDouble).contiguous(), y = adapted_.to(at::kDouble).contiguous();
  try {
    FeatureDrift drift{statistics::linear_cka(numbers(x), x.size(1), numbers(y), y.size(1), x.size(0)), x.size(0)};
    drift.seconds = seconds_ + seconds_since(start);
    return drift;
  } catch (const DataError&) {  // features that are one point have no direction to compare
    return {};
  }
}

}  // namespace graft::pipelines
