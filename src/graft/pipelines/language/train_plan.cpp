#include "graft/pipelines/language/train_plan.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/engine/workload.h"
#include "graft/tensor/on_cpu.h"

namespace graft::pipelines::language {
namespace {

int64_t bytes_of(const engine::TokenRows& rows) {
  int64_t bytes = 0;
  for (const auto& part : {rows.ids, rows.targets, rows.present, rows.documents})
    bytes += part.defined() ? static_cast<int64_t>(part.nbytes()) : 0;
  return bytes;
}

// So many rows, some perhaps twice; where several are asked for the longest is among them.
train::Batch some(const engine::TokenRows& rows, int64_t count) {
  const auto longest = rows.present.sum(1).argmax().item<int64_t>();
  const auto chosen = (torch::arange(count, tensor::on_cpu(at::kLong)) + longest) % rows.ids.size(0);
  return engine::rows_batch(rows, chosen, 0, 0);
}

}  // namespace

planner::Workload workload_of(engine::LanguageObjective& objective, const methods::Adapted& adapted,
                              const engine::TokenRows& rows, const engine::TokenRows& validation) {
  planner::Workload work;
  work.step = [&](int64_t examples, bool recompute, const auto& mark) {
    {
      const auto batch = some(rows, examples);
      nn::Context context{
          .training = true, .recompute = recompute, .generator = at::make_generator<at::CPUGeneratorImpl>(1)};
      const auto loss = objective.loss(batch, context);
      mark();
      (loss / std::max(batch.weight, 1.0)).backward();
    }
    for (const auto& [name, parameter] : objective.parameters())
      parameter.mutable_grad().reset();
  };
  const auto& read = validation.ids.defined() ? validation : rows;
  work.pass = [&](int64_t examples) {
    const torch::NoGradGuard no_grad;
    nn::Context context;
    objective.loss(some(read, examples), context);
  };
  work.pass_examples =
      validation.ids.defined() ? std::min(engine::LanguageObjective::kRowsAtOnce, validation.ids.size(0)) : 1;
  const auto& model = *adapted.model;
  work.packed_bytes = [&model] { return engine::packed_bytes(model); };
  work.awake_bytes = [&model] { return engine::awake_bytes(model); };
  work.decoded = {"texts, as tokens", bytes_of(rows) + bytes_of(validation)};
  work.loads = false;  // a batch is a few rows of those
  work.gradients = adapted.trained_parameters() * static_cast<int64_t>(sizeof(float));
  work.optimizer = 2 * work.gradients;
  return work;
}

}  // namespace graft::pipelines::language
