#include "graft/discovery/saliency/normalised_cut.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "graft/core/random.h"

namespace graft::discovery {
namespace {

constexpr int64_t kFewPatches = 400;
constexpr int64_t kMostSteps = 300, kStepsBetweenLooks = 10;
constexpr double kSettled = 1e-9;  // of a unit vector, whose eigenvalue lies in [-1, 1]

struct Pair {
  at::Tensor vector;  // [N], of length 1
  double value = 0;
};

Pair second_largest_dense(const at::Tensor& matrix) {
  const auto [values, vectors] = at::linalg_eigh(matrix);
  const auto second = matrix.size(0) - 2;
  return {vectors.select(1, second).contiguous(), values[second].item<double>()};
}

at::Tensor start(int64_t nodes, const at::TensorOptions& options) {
  Random random(1);
  auto drawn = at::empty({nodes}, options);
  for (int64_t i = 0; i < nodes; ++i)
    drawn.data_ptr<double>()[i] = random.normal();
  return drawn;
}

// Lanczos (1950) with full reorthogonalisation, also against `first`, the eigenvector of the largest eigenvalue; so the
// largest that is found is the second. Nothing where it does not settle.
std::optional<Pair> second_largest_by_lanczos(const at::Tensor& matrix, const at::Tensor& first) {
  const auto nodes = matrix.size(0), most = std::min(kMostSteps, nodes - 1);
  auto basis = at::zeros({most + 1, nodes}, matrix.options());  // row 0: first
  basis[0] = first;
  auto tridiagonal = at::zeros({most, most}, matrix.options());
  auto w = start(nodes, matrix.options());
  for (int64_t step = 0; step < most; ++step) {
    const auto known = basis.narrow(0, 0, step + 1);
    for (int twice = 0; twice < 2; ++twice)
      w = w - at::mv(known.t(), at::mv(known, w));
    const double length = w.norm().item<double>();
    if (step > 0) {
      const bool is_last = length < kSettled || step + 1 == most;
      if (is_last || step % kStepsBetweenLooks == 0) {
        const auto [values, vectors] = at::linalg_eigh(tridiagonal.narrow(0, 0, step).narrow(1, 0, step));
        const auto of_largest = vectors.select(1, step - 1);
        if (length * std::abs(of_largest[step - 1].item<double>()) < kSettled) {
          const auto vector = at::mv(basis.narrow(0, 1, step).t(), of_largest);
          return Pair{vector / vector.norm(), values[step - 1].item<double>()};
        }
        if (is_last) return {};
      }
      tridiagonal[step - 1][step] = tridiagonal[step][step - 1] = length;
    }
    if (length == 0) return {};
    basis[step + 1] = w / length;
    w = at::mv(matrix, basis[step + 1]);
    tridiagonal[step][step] = at::dot(w, basis[step + 1]);
  }
  return {};
}

}  // namespace

std::vector<std::pair<EigenSolver, std::string>> choices(EigenSolver) {
  return {{EigenSolver::automatic, "auto"}, {EigenSolver::dense, "dense"}, {EigenSolver::lanczos, "lanczos"}};
}

NormalisedCut normalised_cut(const at::Tensor& affinity, EigenSolver solver) {
  const auto root = affinity.sum(1).sqrt();
  const auto matrix = affinity / root.unsqueeze(1) / root.unsqueeze(0);
  const bool iterates =
      solver == EigenSolver::lanczos || (solver == EigenSolver::automatic && affinity.size(0) > kFewPatches);
  std::optional<Pair> found;
  if (iterates) found = second_largest_by_lanczos(matrix, root / root.norm());
  if (!found) found = second_largest_dense(matrix);
  return {found->vector / root, 1 - found->value};
}

}  // namespace graft::discovery
