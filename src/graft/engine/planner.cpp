#include "graft/engine/planner.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/engine/predictions.h"
#include "graft/engine/process_memory.h"
#include "graft/engine/sources.h"
#include "graft/engine/words.h"
#include "graft/nn/linear.h"
#include "graft/nn/patch_embedding.h"
#include "graft/tensor/kept_memory.h"
#include "graft/tensor/resting.h"

namespace graft::engine {
namespace {

// Small batches that are followed. Not 1: a dimension of one makes a copy or two unnecessary.
constexpr int64_t kSmall = 2, kLarge = 3;
constexpr int64_t kLoaderBatches = 3;  // two made ahead, one in use

int64_t held_now() {
  return resident_bytes() - tensor::kept_memory().free;
}

int64_t awake_bytes(const models::Model& model) {
  int64_t bytes = 0;
  for (const auto& parameter : model.parameters())
    bytes += tensor::is_resting(parameter) ? 0 : static_cast<int64_t>(parameter.nbytes());
  return bytes;
}

}  // namespace

int64_t Plan::bytes() const {
  int64_t total = 0;
  for (const auto& term : terms)
    total += term.bytes;
  return total;
}

Planner::Planner(PreparedRun& run) : run_(run) {
  {
    const torch::NoGradGuard no_grad;
    const auto& model = *run_.adapted.model;
    auto read = blank_value(model, *run_.source(data::Split::train), 1);
    read_bytes_ = static_cast<int64_t>(read.x.nbytes());
    input_ = model.reader().run(std::move(read), 0, run_.place, {});
  }
  pass(1);  // all that is packed once is packed now
  forward_bytes_ = packed_bytes();
  if (run_.trains()) step(1, false);
  backward_bytes_ = packed_bytes() - forward_bytes_;
  held_ = held_now();
  auto small = trace_memory([&](const auto&) { pass(kSmall); });
  pass_ = MemoryCourse(std::move(small), kSmall, trace_memory([&](const auto&) { pass(kLarge); }), kLarge);
}

void Planner::step(int64_t batch, bool recompute, const std::function<void()>& mark) {
  auto shape = input_.x.sizes().vec();
  shape.front() = batch;
  {
    nn::Context context{
        .training = true, .recompute = recompute, .generator = at::make_generator<at::CPUGeneratorImpl>(1)};
    // The batch itself is one of the loader's.
    const auto loss = run_.objective->loss({{torch::zeros(shape, input_.x.options()), input_.layout},
                                            blank_targets(run_.dataset, batch),
                                            static_cast<double>(batch)},
                                           context);
    mark();
    (loss / static_cast<double>(batch)).backward();
  }
  for (const auto& [name, parameter] : run_.adapted.parameters)
    parameter.mutable_grad().reset();
  run_.objective->parameters_changed();
}

void Planner::pass(int64_t batch) {
  const torch::NoGradGuard no_grad;
  auto& adapted = run_.adapted;
  nn::Context context;
  auto& tower = adapted.model->reader();
  const auto value = tower.run(blank_value(*adapted.model, *run_.source(data::Split::test), batch), 0,
                               adapted.method->features_at(*adapted.model), context);
  adapted.classifier->forward(tower.rows(value), context);
}

const MemoryCourse& Planner::steps(bool recompute) {
  auto& course = recompute ? rerun_ : keep_;
  if (!course) {
    const auto trace = [&](int64_t batch) {
      return trace_memory([&](const auto& mark) { step(batch, recompute, mark); });
    };
    auto small = trace(kSmall);
    course.emplace(std::move(small), kSmall, trace(kLarge), kLarge);
  }
  return *course;
}

int64_t Planner::packed_bytes() const {
  int64_t bytes = 0;
  for (const auto& module : run_.adapted.model->modules(/*include_self=*/false)) {
    if (const auto* map = dynamic_cast<const nn::Linear*>(module.get())) bytes += map->packed_bytes();
    if (const auto* patches = dynamic_cast<const nn::PatchEmbedding*>(module.get()))
      bytes += patches->map().packed_bytes();
  }
  return bytes;
}

// Rows of the cache, and a copy in one piece of those that are read now.
int64_t Planner::feature_bytes() const {
  if (!run_.kept) return 0;
  const int64_t floats = input_.x.numel();
  const auto& data = run_.dataset;
  const auto most = std::max({data.train.size(), data.val.size(), data.test.size()});
  const auto all = (run_.cached() ? data.train.size() : 0) + data.val.size() + data.test.size();
  return static_cast<int64_t>(all + most) * floats * static_cast<int64_t>(sizeof(float));
}

int64_t Planner::loader_bytes(int64_t batch) const {
  return kLoaderBatches * batch * read_bytes_;
}

int64_t Planner::optimizer_bytes() const {
  if (!run_.trains()) return 0;
  const int64_t states = run_.recipe.optimizer == methods::OptimizerKind::sgd ? 1 : 2;
  return states * run_.trained_parameters() * static_cast<int64_t>(sizeof(float));
}

Plan Planner::plan(bool recompute, int64_t batch_size) {
  const auto photos = static_cast<int64_t>(run_.session.images()->bytes());
  const auto parameters = awake_bytes(*run_.adapted.model);
  const auto program = held_ - photos - parameters - forward_bytes_ - backward_bytes_;
  const auto gradients = run_.trains() ? run_.trained_parameters() * static_cast<int64_t>(sizeof(float)) : 0;
  const auto predictions =
      prediction_bytes(static_cast<int64_t>(std::max(run_.dataset.val.size(), run_.dataset.test.size())),
                       run_.adapted.classifier->classes());
  const auto frozen_pass = pass_.peak(kEncoderBatch) + gradients + loader_bytes(kEncoderBatch);
  const auto passing = frozen_pass + predictions;
  Plan plan{.recompute = recompute,
            .batch_size = batch_size,
            .terms = {{"program and libraries", program},
                      {"photos, decoded", photos},
                      {"parameters", parameters},
                      {"weights, packed", forward_bytes_},
                      {"weights, packed for the backward", backward_bytes_},
                      {"optimizer", optimizer_bytes()},
                      {"features, kept", feature_bytes()}}};
  int64_t stepping = 0;
  if (run_.trains()) {
    const auto loader = run_.cached() ? 0 : loader_bytes(batch_size);
    stepping = steps(recompute).peak(batch_size) + loader;
    if (stepping >= passing) {
      const auto kept = steps(recompute).at_mark(batch_size), always = steps(recompute).at_mark(0);
      plan.terms.push_back({"loader's batches", loader});
      plan.terms.push_back({"activations of texts and classes", always});
      plan.terms.push_back({"activations of examples", kept - always});
      plan.terms.push_back({"workspace of a step", stepping - loader - kept});
      return plan;
    }
  }
  plan.terms.push_back({"examples through the frozen layers", frozen_pass});
  plan.terms.push_back({"predictions", predictions});
  return plan;
}

int64_t Planner::largest_batch(int64_t budget, bool recompute, int64_t below) {
  int64_t batch = below - 1;
  while (batch > 0 && plan(recompute, batch).bytes() > budget)
    --batch;
  return batch;
}

PlanChoice choose_plan(PreparedRun& run) {
  Planner planner(run);
  return choose_plan(run, planner);
}

PlanChoice choose_plan(PreparedRun& run, Planner& planner) {
  const auto& train = run.options.train;
  PlanChoice choice{.plan = planner.plan(train.recompute == Recompute::all, run.recipe.batch_size)};
  choice.asked = !run.options.memory.empty();
  if (choice.asked) {
    choice.budget = parse_bytes("plan", "memory", run.options.memory);
  } else if (const auto left = available_bytes(); left > 0) {
    choice.budget = left + resident_bytes();
  }
  if (choice.fits()) return choice;
  if (train.recompute == Recompute::automatic && run.trains()) {
    auto other = planner.plan(true, run.recipe.batch_size);
    if (other.bytes() < choice.plan.bytes()) choice.plan = std::move(other);
    if (choice.fits()) return choice;
  }
  const bool recompute = train.recompute != Recompute::none;
  const auto batch = run.trains() ? planner.largest_batch(choice.budget, recompute, run.recipe.batch_size) : 0;
  std::vector<std::string> ways;
  if (batch > 0) {
    const auto parts = (run.recipe.batch_size + batch - 1) / batch;
    ways.push_back(fmt::format("--batch-size {} --grad-accum {}", batch, parts * train.grad_accum));
  }
  if (train.recompute == Recompute::none && run.trains()) ways.push_back("--recompute all");
  if (run.info.precision == "fp32") {
    ways.push_back("--precision bf16");
  }
  if (run.info.precision != "int8") ways.push_back("--precision int8");
  choice.advice = fmt::format("about {} are needed, {} {}. {}", bytes_words(choice.plan.bytes()),
                              bytes_words(choice.budget), choice.asked ? "are allowed" : "are left",
                              ways.empty() ? "Take a smaller model or --image-size."
                                           : fmt::format("What would help: {}.", fmt::join(ways, "; or ")));
  if (choice.asked && batch == 0) throw ConfigError("plan", "--memory {}: {}", run.options.memory, choice.advice);
  return choice;
}

}  // namespace graft::engine
