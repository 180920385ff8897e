// Integrals of smooth functions: Gauss and Legendre's rule with 16 nodes on each of `panels` equal parts. What is
// integrated here (densities times normal probabilities) is met to the last digits with 16 parts.
#pragma once

#include <array>
#include <cmath>
#include <numbers>

namespace graft::statistics {

struct GaussLegendre16 {
  std::array<double, 16> node, weight;  // on [-1, 1]
};

// The roots of the Legendre polynomial P_16 by Newton's method, weights 2 / ((1 - x^2) P'^2) (DLMF 3.5.4 and 18.9.1).
inline const GaussLegendre16& gauss_legendre_16() {
  static const GaussLegendre16 rule = [] {
    GaussLegendre16 made{};
    for (size_t i = 0; i < 16; ++i) {
      double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / 16.5), slope = 1;
      for (int step = 0; step < 20; ++step) {
        double before = 1, value = x;
        for (int n = 2; n <= 16; ++n) {
          const double next = ((2 * n - 1) * x * value - (n - 1) * before) / n;
          before = value;
          value = next;
        }
        slope = 16 * (x * value - before) / (x * x - 1);
        x -= value / slope;
      }
      made.node[i] = x;
      made.weight[i] = 2 / ((1 - x * x) * slope * slope);
    }
    return made;
  }();
  return rule;
}

template <class Function>
double integral(const Function& function, double low, double high, int panels = 32) {
  const auto& rule = gauss_legendre_16();
  const double half = (high - low) / (2 * panels);
  double sum = 0;
  for (int panel = 0; panel < panels; ++panel) {
    const double centre = low + (2 * panel + 1) * half;
    for (size_t i = 0; i < 16; ++i)
      sum += rule.weight[i] * function(centre + half * rule.node[i]);
  }
  return sum * half;
}

}  // namespace graft::statistics
