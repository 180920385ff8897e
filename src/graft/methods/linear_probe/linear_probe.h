// A linear classifier on frozen features. By default CLIP's protocol (Radford et al. 2021, arXiv:2103.00020, A.3):
// multinomial logistic regression by L-BFGS on features that are not normalised, its strength chosen on the validation
// split. Features at a block are its class token's row as it leaves the block, or the mean of its patches where the
// model pools these, before any norm. Of masks each patch is classified, by gradient steps; at the last block behind
// the norm that follows it.
#pragma once

#include <optional>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"

namespace graft::methods::linear_probe {

enum class Solver { lbfgs, sgd };
std::vector<std::pair<Solver, std::string>> choices(Solver);

struct Options {
  Solver solver = Solver::lbfgs;
  std::optional<double> c;
  int64_t max_iterations = 1000;
  std::string at = "projected";
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("solver", o.solver, "logistic regression to its optimum, or gradient steps (of masks always these)");
  visit("c", o.c, "inverse strength of the penalty (not set: chosen on the validation split)");
  visit("max-iterations", o.max_iterations, "of L-BFGS");
  visit("at", o.at, "features: projected, pooled, block.K, or best: the one that does best on the validation split");
}

extern const Entry entry;

}  // namespace graft::methods::linear_probe
