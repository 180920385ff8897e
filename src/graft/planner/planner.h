// What a run will hold at most, told before it starts. What is always there is known by its size (weights as packed,
// parameters, decoded examples, the loader's batches, kept features, the optimizer's state) or measured now (the
// program). What a step holds is followed on two and three examples and carried to the batch: each tensor is a part
// that is always the same and a part an example. Nothing is learnt from these steps, and no bit of the run depends on
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graft/planner/memory_trace.h"
#include "graft/planner/recompute.h"

namespace graft::planner {

struct PlanTerm {
  std::string name;
  int64_t bytes = 0;
};

// A run as the planner sees it: what it can be followed doing, and sizes in bytes of what it holds.
struct Workload {
  // On so many examples of zeros, the longest that there are: a step without the optimizer's part, `mark` called
  // between its forward and its backward. Null: nothing trains.
  std::function<void(int64_t examples, bool recompute, const std::function<void()>& mark)> step = nullptr;
  // What a test does to its examples, as do the frozen layers below a place where training begins.
  std::function<void(int64_t examples)> pass;
  int64_t pass_examples = 1;              // at once
  std::function<int64_t()> packed_bytes;  // of weights, as far as they are packed by now
  std::function<int64_t()> awake_bytes;   // of parameters whose numbers are held beside that
  PlanTerm decoded;                       // examples that are held as they were decoded
  int64_t example_bytes = 0;              // of one as the loader gives it
  bool loads = true;                      // training takes its batches from the loader
  int64_t gradients = 0, optimizer = 0;   // of what trains
  int64_t features = 0, predictions = 0;  // features that are kept; the largest split's answers
};

// Of the moment when most is held.
struct Plan {
  bool recompute = false;
  int64_t batch_size = 0;
  std::vector<PlanTerm> terms;
  int64_t bytes() const;
};

class Planner {
 public:
  explicit Planner(Workload work);

  Plan plan(bool recompute, int64_t batch_size);
  int64_t largest_batch(int64_t budget, bool recompute, int64_t below);  // that fits; 0: not even one example
  const Workload& work() const { return work_; }

 private:
  const MemoryCourse& steps(bool recompute);
  int64_t loader_bytes(int64_t batch) const;

  Workload work_;
  int64_t forward_bytes_ = 0;                 // weights as packed
  int64_t backward_bytes_ = 0;                // and once more, for the backward
  int64_t held_ = 0;                          // by all that is always there
  MemoryCourse pass_;                         // examples through the model, without gradients
  std::optional<MemoryCourse> keep_, rerun_;  // steps that keep their activations, and steps that make them twice
};

struct PlanOptions {
  Recompute recompute = Recompute::automatic;
  int64_t batch_size = 1, grad_accum = 1;
  std::string memory = {};     // that the user allows, as "4G"; empty: what the machine has left
  std::string precision = {};  // of the frozen weights: "fp32", "bf16", "int8"
  std::string smaller = {};    // what else would make a step smaller: "a smaller model"
};

// The plan that the options ask for, or the first that fits the budget.
struct PlanChoice {
  Plan plan;
  int64_t budget = 0;       // bytes; 0: none is known
  bool asked = false;       // the budget is the user's, not what the machine has left
  std::string advice = {};  // where it does not fit
  bool fits() const { return budget == 0 || plan.bytes() <= budget; }
};

// ConfigError for a budget of the user's that not even one example fits.
PlanChoice choose_plan(Planner& planner, const PlanOptions& options);

}  // namespace graft::planner
