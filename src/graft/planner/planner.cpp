#include "graft/planner/planner.h"

#include <fmt/ranges.h>

#include <utility>

#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/planner/process_memory.h"
#include "graft/tensor/kept_memory.h"

namespace graft::planner {
namespace {

// Small batches that are followed. Not 1: a dimension of one makes a copy or two unnecessary.
constexpr int64_t kSmall = 2, kLarge = 3;
constexpr int64_t kLoaderBatches = 3;  // two made ahead, one in use

int64_t held_now() {
  return resident_bytes() - tensor::kept_memory().free;
}

}  // namespace

int64_t Plan::bytes() const {
  int64_t total = 0;
  for (const auto& term : terms)
    total += term.bytes;
  return total;
}

Planner::Planner(Workload work) : work_(std::move(work)) {
  work_.pass(1);  // all that is packed once is packed now
  forward_bytes_ = work_.packed_bytes();
  if (work_.step) work_.step(1, false, [] {});
  backward_bytes_ = work_.packed_bytes() - forward_bytes_;
  held_ = held_now();
  auto small = trace_memory([&](const auto&) { work_.pass(kSmall); });
  pass_ = MemoryCourse(std::move(small), kSmall, trace_memory([&](const auto&) { work_.pass(kLarge); }), kLarge);
}

const MemoryCourse& Planner::steps(bool recompute) {
  auto& course = recompute ? rerun_ : keep_;
  if (!course) {
    const auto trace = [&](int64_t batch) {
      return trace_memory([&](const auto& mark) { work_.step(batch, recompute, mark); });
    };
    auto small = trace(kSmall);
    course.emplace(std::move(small), kSmall, trace(kLarge), kLarge);
  }
  return *course;
}

int64_t Planner::loader_bytes(int64_t batch) const {
  return kLoaderBatches * batch * work_.example_bytes;
}

Plan Planner::plan(bool recompute, int64_t batch_size) {
  const auto parameters = work_.awake_bytes();
  const auto program = held_ - work_.decoded.bytes - parameters - forward_bytes_ - backward_bytes_;
  const auto frozen_pass = pass_.peak(work_.pass_examples) + work_.gradients + loader_bytes(work_.pass_examples);
  const auto passing = frozen_pass + work_.predictions;
  Plan plan{.recompute = recompute,
            .batch_size = batch_size,
            .terms = {{"program and libraries", program},
                      work_.decoded,
                      {"parameters", parameters},
                      {"weights, packed", forward_bytes_},
                      {"weights, packed for the backward", backward_bytes_},
                      {"optimizer", work_.optimizer},
                      {"features, kept", work_.features}}};
  if (work_.step) {
    const auto loader = work_.loads ? loader_bytes(batch_size) : 0;
    const auto stepping = steps(recompute).peak(batch_size) + loader;
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
  plan.terms.push_back({"predictions", work_.predictions});
  return plan;
}

int64_t Planner::largest_batch(int64_t budget, bool recompute, int64_t below) {
  int64_t batch = below - 1;
  while (batch > 0 && plan(recompute, batch).bytes() > budget)
    --batch;
  return batch;
}

PlanChoice choose_plan(Planner& planner, const PlanOptions& options) {
  const bool trains = planner.work().step != nullptr;
  PlanChoice choice{.plan = planner.plan(options.recompute == Recompute::all, options.batch_size)};
  choice.asked = !options.memory.empty();
  if (choice.asked) {
    choice.budget = parse_bytes("plan", "memory", options.memory);
  } else if (const auto left = available_bytes(); left > 0) {
    choice.budget = left + resident_bytes();
  }
  if (choice.fits()) return choice;
  if (options.recompute == Recompute::automatic && trains) {
    auto other = planner.plan(true, options.batch_size);
    if (other.bytes() < choice.plan.bytes()) choice.plan = std::move(other);
    if (choice.fits()) return choice;
  }
  const bool recompute = options.recompute != Recompute::none;
  const auto batch = trains ? planner.largest_batch(choice.budget, recompute, options.batch_size) : 0;
  std::vector<std::string> ways;
  if (batch > 0) {
    const auto parts = (options.batch_size + batch - 1) / batch;
    ways.push_back(fmt::format("--batch-size {} --grad-accum {}", batch, parts * options.grad_accum));
  }
  if (options.recompute == Recompute::none && trains) ways.push_back("--recompute all");
  if (options.precision == "fp32") ways.push_back("--precision bf16");
  if (options.precision != "int8") ways.push_back("--precision int8");
  choice.advice = fmt::format("about {} are needed, {} {}. {}", format_bytes(choice.plan.bytes()),
                              format_bytes(choice.budget), choice.asked ? "are allowed" : "are left",
                              ways.empty() ? fmt::format("Take {}.", options.smaller)
                                           : fmt::format("What would help: {}.", fmt::join(ways, "; or ")));
  if (choice.asked && batch == 0) throw ConfigError("plan", "--memory {}: {}", options.memory, choice.advice);
  return choice;
}

}  // namespace graft::planner
