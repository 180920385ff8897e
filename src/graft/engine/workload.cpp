#include "graft/engine/workload.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "graft/models/sources.h"
#include "graft/nn/linear.h"
#include "graft/nn/patch_embedding.h"
#include "graft/tasks/predictions.h"
#include "graft/tensor/on_cpu.h"
#include "graft/tensor/resting.h"

namespace graft::engine {
namespace {

// Rows of the cache, and a copy in one piece of those that are read now.
int64_t feature_bytes(const PreparedRun& run, int64_t floats) {
  if (!run.kept) return 0;
  const auto& data = run.dataset;
  const auto most = std::max({data.train.size(), data.val.size(), data.test.size()});
  const auto all = (run.cached() ? data.train.size() : 0) + data.val.size() + data.test.size();
  return static_cast<int64_t>(all + most) * floats * static_cast<int64_t>(sizeof(float));
}

// `input` of one example where training begins.
void step(PreparedRun& run, const nn::Value& input, int64_t batch, bool recompute, const std::function<void()>& mark) {
  auto shape = input.x.sizes().vec();
  shape.front() *= batch;  // a clip has a row for each frame
  {
    nn::Context context{
        .training = true, .recompute = recompute, .generator = at::make_generator<at::CPUGeneratorImpl>(1)};
    // The batch itself is one of the loader's.
    const auto loss =
        run.objective->loss({{torch::zeros(shape, input.x.options()), input.layout},
                             models::blank_targets(run.dataset, *run.source(data::Split::train), batch),
                             static_cast<double>(batch),
                             0,
                             0,
                             torch::arange(batch, tensor::on_cpu(at::kLong)) % run.source(data::Split::train)->size()},
                            context);
    mark();
    (loss / static_cast<double>(batch)).backward();
  }
  for (const auto& [name, parameter] : run.objective->parameters())
    parameter.mutable_grad().reset();
  run.objective->parameters_changed();
}

void pass(PreparedRun& run, const nn::Value& read) {
  const torch::NoGradGuard no_grad;
  nn::Context context;
  run.adapted.answer(read, context);
}

}  // namespace

int64_t packed_bytes(const models::Model& model) {
  int64_t bytes = 0;
  for (const auto& module : model.modules(/*include_self=*/false)) {
    if (const auto* map = dynamic_cast<const nn::Linear*>(module.get())) bytes += map->packed_bytes();
    if (const auto* patches = dynamic_cast<const nn::PatchEmbedding*>(module.get()))
      bytes += patches->map().packed_bytes();
  }
  return bytes;
}

int64_t awake_bytes(const models::Model& model) {
  int64_t bytes = 0;
  for (const auto& parameter : model.parameters())
    bytes += tensor::is_resting(parameter) ? 0 : static_cast<int64_t>(parameter.nbytes());
  return bytes;
}

planner::Workload workload_of(PreparedRun& run) {
  const auto& model = *run.adapted.model;
  nn::Value input;
  planner::Workload work;
  {
    const torch::NoGradGuard no_grad;
    auto read = models::blank_value(model, *run.source(data::Split::train), 1);
    work.example_bytes = static_cast<int64_t>(read.x.nbytes());
    input = model.reader().run(std::move(read), 0, run.place, {});
  }
  if (run.trains()) {
    const int64_t fewest = run.adapted.statistics.empty() ? 1 : 2;  // of one example there may be no variance
    work.step = [&run, input, fewest](int64_t batch, bool recompute, const auto& mark) {
      step(run, input, std::max(batch, fewest), recompute, mark);
    };
    work.gradients = run.adapted.trained_parameters() * static_cast<int64_t>(sizeof(float));
    work.optimizer = work.gradients * (run.recipe.optimizer == methods::OptimizerKind::sgd ? 1 : 2);
  }
  work.pass = [&run](int64_t batch) {
    pass(run, models::blank_value(*run.adapted.model, *run.source(data::Split::test), batch));
  };
  work.pass_examples = features::examples_a_pass(run.frames());
  work.packed_bytes = [&model] { return packed_bytes(model); };
  work.awake_bytes = [&model] { return awake_bytes(model); };
  work.decoded = run.dataset.reads == data::Reads::clip
                     ? planner::PlanTerm{"frames, decoded", static_cast<int64_t>(run.session.frames()->bytes())}
                     : planner::PlanTerm{"photos, decoded", static_cast<int64_t>(run.session.images()->bytes())};
  work.loads = !run.cached();
  work.features = feature_bytes(run, input.x.numel());
  work.predictions = tasks::prediction_bytes(
      static_cast<int64_t>(std::max(run.dataset.val.size(), run.dataset.test.size())), run.adapted.head->outputs());
  return work;
}

planner::PlanOptions plan_options(const PreparedRun& run) {
  return {.recompute = run.options.train.recompute,
          .batch_size = run.recipe.batch_size,
          .grad_accum = run.options.train.grad_accum,
          .memory = run.options.memory,
          .precision = run.info.precision,
          .smaller = run.dataset.reads == data::Reads::text   ? "a smaller model or --max-length"
                     : run.dataset.reads == data::Reads::clip ? "a smaller model, --frames or --image-size"
                                                              : "a smaller model or --image-size"};
}

}  // namespace graft::engine
