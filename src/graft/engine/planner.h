// What a run will hold at most, told before it starts. What is always there is known by its size (weights as packed,
// parameters, decoded photos, the loader's batches, kept features, the optimizer's state) or measured now (the
// program). What a step holds is followed on two and three photos and carried to the batch: each tensor is a part that
// is always the same and a part a photo. Nothing is learnt from these steps, and no bit of the run depends on them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graft/engine/memory_trace.h"
#include "graft/engine/prepared_run.h"

namespace graft::engine {

struct PlanTerm {
  std::string name;
  int64_t bytes = 0;
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
  explicit Planner(PreparedRun& run);

  Plan plan(bool recompute, int64_t batch_size);
  int64_t largest_batch(int64_t budget, bool recompute, int64_t below);  // that fits; 0: not even one example

  // What is followed, on examples of zeros, the longest that there are: a step without the optimizer's part, `mark`
  // called between its forward and its backward; and what a test does to its examples, as do the frozen layers below a
  // place where training begins.
  void step(
      int64_t batch, bool recompute, const std::function<void()>& mark = [] {});
  void pass(int64_t batch);

 private:
  const MemoryCourse& steps(bool recompute);
  int64_t packed_bytes() const;
  int64_t feature_bytes() const;
  int64_t loader_bytes(int64_t batch) const;
  int64_t optimizer_bytes() const;

  PreparedRun& run_;
  int64_t read_bytes_ = 0;                    // of one example as the loader gives it
  nn::Value input_;                           // of one example where training begins
  int64_t forward_bytes_ = 0;                 // weights as packed
  int64_t backward_bytes_ = 0;                // and once more, for the backward
  int64_t held_ = 0;                          // by all that is always there
  MemoryCourse pass_;                         // photos through the model, without gradients
  std::optional<MemoryCourse> keep_, rerun_;  // steps that keep their activations, and steps that make them twice
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
PlanChoice choose_plan(PreparedRun& run);
PlanChoice choose_plan(PreparedRun& run, Planner& planner);

}  // namespace graft::engine
