// A method on a tiny model of a family, asked what a task asks: what the method contract is asked of.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graft/methods/adapted.h"
#include "graft/methods/entry.h"
#include "graft/nn/value.h"
#include "graft/tasks/task.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {

struct Case {
  const methods::Entry* method;
  const TinyFamily* family;
  const tasks::TaskEntry* task;
  int64_t frames = 1;  // of an example
};
std::ostream& operator<<(std::ostream& out, const Case& c);  // "lora on bert for regression"
std::ostream& operator<<(std::ostream& out, const TinyFamily& family);

// Every method of the registry on every family that it fits, for every task; those that need clips on clips.
std::vector<Case> cases();

struct OnTiny : methods::Adapted {
  nn::Value examples;  // six
  at::Tensor target;   // as the task's loss takes it
  std::shared_ptr<const tasks::Task> task;

  at::Tensor answers(bool train = false, bool recompute = false) const;  // [N, C]
  at::Tensor loss(bool recompute = false) const;                         // in training: of answers, or the head's own
  void step(double lr);                                                  // of plain gradient descent on the loss
};

// The same model each time.
std::shared_ptr<models::Model> tiny_model(const TinyFamily& family);

// Two examples of each of three classes; of a task of numbers two numbers an example.
methods::Setting setting_of(const Case& c);

// Ready to train; `seed` is that of the method and its head.
OnTiny on_tiny(const Case& c, uint64_t seed = 1);

// All parameters and buffers of a module, copied.
std::vector<std::pair<std::string, at::Tensor>> state_of(const torch::nn::Module& module);

}  // namespace graft::testing
