// Several adapters made one by arithmetic on what each changed: changes are added (task vectors, Ilharco et al. 2023,
// arXiv:2212.04089); of each the largest numbers alone stay, and of those the ones that agree with the elected sign
// (TIES, Yadav et al. 2023, arXiv:2306.01708, sec. 3); or numbers are dropped by chance and the rest made larger (DARE,
// Yu et al. 2024, arXiv:2311.03099, sec. 3). The names and the numbers are those of add_weighted_adapter in PEFT 0.21.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/options.h"
#include "graft/methods/adaptation.h"

namespace graft::methods {

class Method;

// Without "svd" an update's two factors are each merged by themselves, which is quick and rough: the factors of a sum
// are not the sums of the factors. `cat` lays them side by side and is the sum itself, at the sum of the ranks. With
// "svd" the updates are merged whole, and factored anew.
enum class Combining {
  cat,
  linear,
  svd,
  ties,
  ties_svd,
  dare_linear,
  dare_linear_svd,
  dare_ties,
  dare_ties_svd,
  magnitude_prune,
  magnitude_prune_svd
};
enum class MajoritySign { total, frequency };
std::vector<std::pair<Combining, std::string>> choices(Combining);
std::vector<std::pair<MajoritySign, std::string>> choices(MajoritySign);

struct Algebra {
  Combining combine = Combining::cat;
  std::optional<double> density = {};
  MajoritySign majority_sign = MajoritySign::total;
  std::optional<int64_t> rank = {};
  int64_t seed = 1;
};
template <class Visitor>
void fields(Visitor& visit, Algebra& o) {
  visit("combine", o.combine,
        "how several adapters become one: their updates added (cat, at the sum of the ranks; svd, at --rank; linear, "
        "roughly), the largest numbers of each (magnitude-prune), those that agree with the elected sign (ties), or "
        "some by chance (dare-linear, dare-ties); with -svd on whole updates in place of their factors");
  visit("density", o.density, "of ties, dare and magnitude-prune: the share of numbers that is kept");
  visit("majority-sign", o.majority_sign,
        "of ties: the elected sign is that of the sum (total), or that of more numbers (frequency)");
  visit("rank", o.rank, "of svd: the rank of what is written (default: the largest of the adapters')");
  visit("seed", o.seed, "of dare: the same seed drops the same numbers");
}

// ConfigError, "--density", for what a combination lacks or does not ask for.
void check(const Algebra& how);

// Whether the numbers at hand stay, 1 or 0, of a tensor's shape: what DARE draws.
using DrawMask = std::function<at::Tensor(at::IntArrayRef shape)>;

// An update scale * b a, and its weight in the sum.
struct WeightedUpdate {
  at::Tensor a;  // [r, in], or [r, in, ...] of a convolution
  at::Tensor b;  // [out, r], or [out, r, 1, ...]
  double scale = 1;
  double weight = 1;
};
struct Update {
  at::Tensor a, b;  // likewise; its scale is 1
};
// At least one, of one map. ConfigError, "<place>: ...", for ranks that differ where the factors are merged.
Update combine(const std::vector<WeightedUpdate>& updates, const Algebra& how, const DrawMask& draw,
               const std::string& place);

// What an entry's `combine` is given, and what it makes of it.
struct WeightedAdapter {
  std::string name;  // as the user named it
  Adaptation adaptation;
  double weight = 1;
};
struct CombinedAdapter {
  std::unique_ptr<Method> method;
  Adaptation adaptation;
};

}  // namespace graft::methods
