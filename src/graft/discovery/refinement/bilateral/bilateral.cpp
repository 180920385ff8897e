#include "graft/discovery/refinement/bilateral/bilateral.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery::bilateral {
namespace {

using Numbers = std::vector<double>;

double dot(const Numbers& a, const Numbers& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

void add(Numbers& to, double times, const Numbers& what) {
  for (size_t i = 0; i < to.size(); ++i)
    to[i] += times * what[i];
}

class Bilateral final : public Refinement {
 public:
  explicit Bilateral(Options options) : options_(options) {
    for (const auto& [name, value] :
         {std::pair("sigma-spatial", options_.sigma_spatial), std::pair("sigma-luma", options_.sigma_luma),
          std::pair("sigma-chroma", options_.sigma_chroma)}) {
      if (value < 1) throw ConfigError("bilateral", "{} {}: expected 1 or more.", name, value);
    }
    if (options_.lambda < 0) throw ConfigError("bilateral", "lambda {}: expected 0 or more.", options_.lambda);
    if (options_.confidence <= 0 || options_.confidence > 1)
      throw ConfigError("bilateral", "confidence {}: expected above 0, at most 1.", options_.confidence);
    if (options_.tolerance <= 0) throw ConfigError("bilateral", "tolerance {}: expected above 0.", options_.tolerance);
    if (options_.iterations < 1)
      throw ConfigError("bilateral", "iterations {}: expected 1 or more.", options_.iterations);
  }

  at::Tensor refine(const data::Image& photo, const at::Tensor& map) const override {
    const BilateralGrid grid(photo, {options_.sigma_spatial, options_.sigma_luma, options_.sigma_chroma});
    const auto given = map.to(at::kDouble).contiguous();
    const auto* numbers = given.const_data_ptr<double>();
    auto solved = solve(grid, {numbers, numbers + given.numel()}, options_);
    return torch::from_blob(solved.data(), map.sizes(), tensor::on_cpu(at::kDouble)).to(at::kFloat).clamp(0, 1);
  }

 private:
  Options options_;
};

}  // namespace

std::vector<double> solve(const BilateralGrid& grid, const std::vector<double>& map, const Options& options) {
  const auto [n, m] = grid.balanced();
  const Numbers confidence(map.size(), options.confidence);
  Numbers weighted(map.size());
  for (size_t i = 0; i < map.size(); ++i)
    weighted[i] = confidence[i] * map[i];
  const auto weight = grid.sums(confidence), b = grid.sums(weighted);
  // A = lambda (diag(m) - diag(n) blur diag(n)) + diag(weight), the paper's eq. 6
  const auto times_a = [&](const Numbers& y) {
    Numbers scaled(y.size());
    for (size_t i = 0; i < y.size(); ++i)
      scaled[i] = n[i] * y[i];
    auto product = grid.blurred(scaled);
    for (size_t i = 0; i < y.size(); ++i)
      product[i] = options.lambda * (m[i] * y[i] - n[i] * product[i]) + weight[i] * y[i];
    return product;
  };
  Numbers y(b.size()), inverse_diagonal(b.size());
  constexpr double kOwn = 2 * BilateralGrid::kDimensions;  // what the blur gives a cell of itself
  for (size_t i = 0; i < b.size(); ++i) {
    y[i] = b[i] / weight[i];
    inverse_diagonal[i] = 1 / std::max(1e-5, options.lambda * (m[i] - kOwn * n[i] * n[i]) + weight[i]);
  }
  Numbers residual = b;
  add(residual, -1, times_a(y));
  const auto preconditioned = [&] {
    Numbers z = residual;
    for (size_t i = 0; i < z.size(); ++i)
      z[i] *= inverse_diagonal[i];
    return z;
  };
  auto z = preconditioned(), direction = z;
  double product = dot(residual, z);
  const double enough = options.tolerance * std::sqrt(dot(b, b));
  for (int64_t step = 0; step < options.iterations && std::sqrt(dot(residual, residual)) > enough; ++step) {
    const auto image = times_a(direction);
    const double length = product / dot(direction, image);
    add(y, length, direction);
    add(residual, -length, image);
    z = preconditioned();
    const double next = dot(residual, z);
    for (size_t i = 0; i < direction.size(); ++i)
      direction[i] = z[i] + next / product * direction[i];
    product = next;
  }
  Numbers solved(map.size());
  for (size_t i = 0; i < map.size(); ++i)
    solved[i] = y[static_cast<size_t>(grid.cell_of()[i])];
  return solved;
}

extern const RefinementEntry entry = {
    .name = "bilateral",
    .summary = "smooth where place and colour agree, near the given map",
    .paper = "Barron & Poole 2016, arXiv:1511.03296",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Refinement> {
      return std::make_unique<Bilateral>(read_options<Options>("bilateral", values));
    },
};

}  // namespace graft::discovery::bilateral
