#include "graft/discovery/clustering/eigenpairs.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/signals.h"

namespace graft::discovery {
namespace {

constexpr int64_t kFewRows = 1000;
constexpr int64_t kDegree = 24, kMostRounds = 300;
constexpr double kResidual = 1e-7, kResidualOfValues = 1e-4;  // a value errs by the square of its vector's residual
constexpr double kLargest = 2;                                // no eigenvalue is larger

bool are_settled(const at::Tensor& residuals, double most) {
  return residuals.numel() == 0 || residuals.max().item<double>() < most;
}

at::Tensor orthonormal(const at::Tensor& x) {
  return std::get<0>(at::linalg_qr(x, "reduced"));
}

struct Ritz {
  at::Tensor values, vectors, images;  // [p], [n, p] and what the Laplacian makes of them
};

Ritz ritz_of(const NormalisedLaplacian& laplacian, const at::Tensor& basis) {
  const auto image = laplacian.times(basis);
  const auto small = at::mm(basis.t(), image);
  const auto [values, turn] = at::linalg_eigh((small + small.t()) / 2);
  return {values, at::mm(basis, turn), at::mm(image, turn)};
}

// A polynomial of the Laplacian that is small between `from` and 2 and grows fast below, scaled to about 1 at 0.
at::Tensor filtered(const NormalisedLaplacian& laplacian, const at::Tensor& x, double from) {
  const double half = (kLargest - from) / 2, middle = (kLargest + from) / 2;
  double sigma = -half / middle;
  const double twice = 2 / sigma;
  at::Tensor last = x, now = (laplacian.times(x) - middle * x) * (sigma / half);
  for (int64_t degree = 2; degree <= kDegree; ++degree) {
    const double next = 1 / (twice - sigma);
    auto y = (laplacian.times(now) - middle * now) * (2 * next / half) - sigma * next * last;
    last = now;
    now = y;
    sigma = next;
  }
  return now;
}

Eigenpairs iterated(const NormalisedLaplacian& laplacian, int64_t count, int64_t exact, Random random) {
  const auto n = laplacian.nodes(), width = std::min(n, count + std::max<int64_t>(8, count / 2));
  auto start = at::empty({n, width}, laplacian.root_degree().options());
  auto* numbers = start.data_ptr<double>();
  for (int64_t i = 0; i < start.numel(); ++i)
    numbers[i] = random.normal();
  auto ritz = ritz_of(laplacian, orthonormal(start));
  for (int64_t round = 0; round < kMostRounds; ++round) {
    stop_if_asked();
    const auto off = (ritz.images - ritz.vectors * ritz.values).norm(2, 0).narrow(0, 0, count);
    if (are_settled(off.narrow(0, 0, exact), kResidual) &&
        are_settled(off.narrow(0, exact, count - exact), kResidualOfValues))
      return {ritz.values.narrow(0, 0, count).clone(), ritz.vectors.narrow(1, 0, count).contiguous()};
    const double from = std::clamp(ritz.values[width - 1].item<double>(), 1e-3, kLargest - 1e-3);
    ritz = ritz_of(laplacian, orthonormal(filtered(laplacian, ritz.vectors, from)));
  }
  throw DivergenceError("spectral",
                        "the {} smallest eigenvectors of {} rows' graph did not settle in {} rounds. Ask for "
                        "fewer or more --clusters, or take kmeans.",
                        count, n, kMostRounds);
}

}  // namespace

Eigenpairs smallest_eigenpairs(const NormalisedLaplacian& laplacian, int64_t count, int64_t exact, const Random& random,
                               EigenWay way) {
  GRAFT_ASSERT(exact <= count);
  const bool is_small = laplacian.nodes() <= kFewRows || 3 * count > laplacian.nodes();
  if (way == EigenWay::iterated || (way == EigenWay::automatic && !is_small))
    return iterated(laplacian, count, exact, random);
  const auto [values, vectors] = at::linalg_eigh(laplacian.dense());
  return {values.narrow(0, 0, count).clone(), vectors.narrow(1, 0, count).contiguous()};
}

}  // namespace graft::discovery
