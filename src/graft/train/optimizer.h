// SGD with momentum, Adam (Kingma & Ba 2015, arXiv:1412.6980) and AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101),
// with PyTorch's arithmetic. Their state has names, so that a checkpoint is a file of named tensors. What has fewer
// than two dimensions (biases, norms, gains) does not decay.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "graft/methods/recipe.h"
#include "graft/nn/parameters.h"

namespace graft::train {

struct OptimizerOptions {
  methods::OptimizerKind kind = methods::OptimizerKind::adamw;
  double weight_decay = 0;
  double momentum = 0.9;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  std::map<std::string, double> rates = {};  // ends of names, and of how many learning rates those steps are
};

class Optimizer {
 public:
  Optimizer(nn::Parameters parameters, OptimizerOptions options);

  void clear_gradients();
  void step(double lr);  // parameters without a gradient stay as they are

  int64_t steps() const { return steps_; }
  nn::NamedTensors state() const;  // "<parameter>.momentum", or "<parameter>.mean" and "<parameter>.square"
  void restore(const nn::NamedTensors& state, int64_t steps);  // ModelError for names or shapes that differ

 private:
  struct Slot {
    std::string name;
    at::Tensor parameter;
    bool decays;
    double rate;               // of how many learning rates a step is
    at::Tensor first, second;  // momentum; or mean and mean square
  };
  void step_sgd(Slot& slot, double lr);
  void step_adam(Slot& slot, double lr);

  OptimizerOptions options_;
  std::vector<Slot> slots_;
  int64_t steps_ = 0;
};

// The 2-norm of each gradient (0 where there is none), and of all together.
struct GradientNorms {
  std::vector<double> each;
  double all = 0;
};
GradientNorms gradient_norms(const nn::Parameters& parameters);

// Scales all gradients so that their common norm is at most `max_norm`; gives the norms before.
GradientNorms clip_gradients(const nn::Parameters& parameters, double max_norm);

}  // namespace graft::train
