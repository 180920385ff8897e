#include "graft/methods/algebra.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/methods/method.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods {
namespace {

enum class Kept { all, largest, drawn };

// What a combination is made of.
struct Rule {
  Kept kept = Kept::all;
  bool elects_signs = false;
  bool whole = false;  // on updates, which are then factored
};
Rule rule_of(Combining combination) {
  switch (combination) {
    case Combining::cat:
    case Combining::linear:
      return {};
    case Combining::svd:
      return {.whole = true};
    case Combining::ties:
      return {.kept = Kept::largest, .elects_signs = true};
    case Combining::ties_svd:
      return {.kept = Kept::largest, .elects_signs = true, .whole = true};
    case Combining::dare_linear:
      return {.kept = Kept::drawn};
    case Combining::dare_linear_svd:
      return {.kept = Kept::drawn, .whole = true};
    case Combining::dare_ties:
      return {.kept = Kept::drawn, .elects_signs = true};
    case Combining::dare_ties_svd:
      return {.kept = Kept::drawn, .elects_signs = true, .whole = true};
    case Combining::magnitude_prune:
      return {.kept = Kept::largest};
    case Combining::magnitude_prune_svd:
      return {.kept = Kept::largest, .whole = true};
  }
  GRAFT_ASSERT(false);
}

at::Tensor pruned(const at::Tensor& x, Kept kept, double density, const DrawMask& draw) {
  if (kept == Kept::all || density >= 1) return x;
  if (kept == Kept::drawn) return x * draw(x.sizes()) / density;
  const auto count = static_cast<int64_t>(density * static_cast<double>(x.numel()));
  const auto largest = std::get<1>(x.abs().flatten().topk(count));
  return x * at::zeros_like(x).flatten().index_fill(0, largest, 1).view_as(x);
}

// Tensors of one shape, a weight each.
at::Tensor sum_of(const std::vector<at::Tensor>& tensors, const std::vector<double>& weights, const Algebra& how,
                  const DrawMask& draw) {
  const auto rule = rule_of(how.combine);
  std::vector<at::Tensor> kept;
  for (const auto& tensor : tensors)
    kept.push_back(pruned(tensor, rule.kept, how.density.value_or(1), draw));
  const auto all = at::stack(kept);
  std::vector<int64_t> shape(static_cast<size_t>(all.dim()), 1);
  shape[0] = all.size(0);
  const auto weighted = all * torch::tensor(weights, tensor::on_cpu(all.scalar_type())).view(shape);
  if (!rule.elects_signs) return weighted.sum(0);
  const auto votes = how.majority_sign == MajoritySign::total ? all.sum(0) : all.sign().sum(0);
  const auto agrees = (all.sign() == at::where(votes >= 0, 1, -1)).to(all.scalar_type());
  return (weighted * agrees).sum(0) / agrees.sum(0).clamp_min(1);
}

// The change of the weight as a matrix, whatever the window of a convolution.
at::Tensor change_of(const WeightedUpdate& update) {
  return update.scale * at::mm(update.b.flatten(1), update.a.flatten(1));
}

Update factored(const at::Tensor& change, int64_t rank, const WeightedUpdate& like) {
  const auto [u, s, vh] = at::linalg_svd(change, /*full_matrices=*/false);
  rank = std::min(rank, s.size(0));
  auto of_a = like.a.sizes().vec(), of_b = like.b.sizes().vec();
  of_a[0] = of_b[1] = rank;
  return {vh.narrow(0, 0, rank).reshape(of_a),
          (u.narrow(1, 0, rank) * s.narrow(0, 0, rank)).contiguous().reshape(of_b)};
}

// PEFT's: the larger factor of a weight's root, its sign on the first.
Update of_factors(const std::vector<WeightedUpdate>& updates, const Algebra& how, const DrawMask& draw,
                  const std::string& place) {
  std::vector<at::Tensor> of_a, of_b;
  std::vector<double> for_a, for_b;
  for (const auto& update : updates) {
    if (update.a.size(0) != updates.front().a.size(0)) {
      throw ConfigError("merge",
                        "{}: ranks {} and {} do not merge factor by factor. Take --combine cat, or one of svd.", place,
                        updates.front().a.size(0), update.a.size(0));
    }
    const double weight = update.weight * update.scale, root = std::sqrt(std::abs(weight));
    for_a.push_back(weight < 0 ? -root : root);
    for_b.push_back(root);
    of_a.push_back(update.a);
    of_b.push_back(update.b);
  }
  const auto a = sum_of(of_a, for_a, how, draw);
  return {a, sum_of(of_b, for_b, how, draw)};
}

Update side_by_side(const std::vector<WeightedUpdate>& updates) {
  std::vector<at::Tensor> of_a, of_b;
  for (const auto& update : updates) {
    of_a.push_back(update.a * (update.weight * update.scale));
    of_b.push_back(update.b);
  }
  return {at::cat(of_a), at::cat(of_b, 1)};
}

}  // namespace

std::vector<std::pair<Combining, std::string>> choices(Combining) {
  return {{Combining::cat, "cat"},
          {Combining::linear, "linear"},
          {Combining::svd, "svd"},
          {Combining::ties, "ties"},
          {Combining::ties_svd, "ties-svd"},
          {Combining::dare_linear, "dare-linear"},
          {Combining::dare_linear_svd, "dare-linear-svd"},
          {Combining::dare_ties, "dare-ties"},
          {Combining::dare_ties_svd, "dare-ties-svd"},
          {Combining::magnitude_prune, "magnitude-prune"},
          {Combining::magnitude_prune_svd, "magnitude-prune-svd"}};
}
std::vector<std::pair<MajoritySign, std::string>> choices(MajoritySign) {
  return {{MajoritySign::total, "total"}, {MajoritySign::frequency, "frequency"}};
}

void check(const Algebra& how) {
  const auto rule = rule_of(how.combine);
  const auto name = option::print(how.combine);
  const auto refuse_for = [&](const std::string& option, const char* whose) {
    throw ConfigError("merge", "--{} says nothing of --combine {}: it is of {}. Leave it out.", option, name, whose);
  };
  if (rule.kept != Kept::all && !how.density) {
    throw ConfigError("merge", "--combine {}: which share of the numbers is kept? Give --density, as in --density 0.5.",
                      name);
  }
  if (rule.kept == Kept::all && how.density) refuse_for("density", "ties, dare and magnitude-prune");
  if (how.density && !(*how.density > 0 && *how.density <= 1))
    throw ConfigError("merge", "--density {}: expected a share above 0, up to 1.", *how.density);
  if (!rule.elects_signs && how.majority_sign != MajoritySign::total) refuse_for("majority-sign", "ties and dare-ties");
  if (!rule.whole && how.rank) refuse_for("rank", "svd, and of what ends in it");
  if (how.rank && *how.rank < 1) throw ConfigError("merge", "--rank {}: expected 1 or more.", *how.rank);
}

Update combine(const std::vector<WeightedUpdate>& updates, const Algebra& how, const DrawMask& draw,
               const std::string& place) {
  GRAFT_ASSERT(!updates.empty());
  const torch::NoGradGuard no_grad;
  if (how.combine == Combining::cat) return side_by_side(updates);
  if (!rule_of(how.combine).whole) return of_factors(updates, how, draw, place);
  std::vector<at::Tensor> changes;
  std::vector<double> weights;
  int64_t rank = 0;
  for (const auto& update : updates) {
    changes.push_back(change_of(update));
    weights.push_back(update.weight);
    rank = std::max(rank, update.a.size(0));
  }
  return factored(sum_of(changes, weights, how, draw), how.rank.value_or(rank), updates.front());
}

}  // namespace graft::methods
