#include "graft/data/resize_weights.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "graft/core/error.h"

namespace graft::data {
namespace {

constexpr double kPi = std::numbers::pi;

double sinc(double x) {
  return x == 0.0 ? 1.0 : std::sin(x * kPi) / (x * kPi);
}

double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

double bilinear(double x) {
  return std::max(0.0, 1.0 - std::abs(x));
}

double hamming(double x) {
  x = std::abs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= kPi;
  return std::sin(x) / x * (0.54f + 0.46f * std::cos(x));  // single-precision constants, as the reference has them
}

// Keys 1981 with a = -0.5 (OpenCV and torch.nn.functional use -0.75).
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double lanczos(double x) {
  return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

struct Kernel {
  double (*at)(double);
  double support;  // half its width, at scale 1
};

Kernel kernel_of(Filter filter) {
  switch (filter) {
    case Filter::box:
      return {box, 0.5};
    case Filter::bilinear:
      return {bilinear, 1.0};
    case Filter::hamming:
      return {hamming, 1.0};
    case Filter::bicubic:
      return {bicubic, 2.0};
    case Filter::lanczos:
      return {lanczos, 3.0};
    case Filter::nearest:
    case Filter::sampled_bilinear:
      break;
  }
  throw InternalError("resize", "this filter has no weights");
}

}  // namespace

ResizeWeights resize_weights(Filter filter, int in_size, float low, float high, int out_size, int begin, int end) {
  const Kernel kernel = kernel_of(filter);
  const double scale = static_cast<double>(high - low) / out_size;
  const double widening = std::max(scale, 1.0);  // shrinking widens the filter: antialiased
  const double support = kernel.support * widening;

  ResizeWeights weights;
  weights.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  weights.first.resize(end - begin);
  weights.count.resize(end - begin);
  weights.values.resize(static_cast<std::size_t>(end - begin) * weights.taps);
  std::vector<double> row(weights.taps);
  for (int i = begin; i < end; ++i) {
    const double centre = low + (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int count = std::min(in_size, static_cast<int>(centre + support + 0.5)) - first;
    double sum = 0.0;
    for (int k = 0; k < count; ++k)
      sum += row[k] = kernel.at((k + first - centre + 0.5) * (1.0 / widening));
    std::int32_t* values = weights.values.data() + static_cast<std::size_t>(i - begin) * weights.taps;
    for (int k = 0; k < count; ++k) {
      const double share = (sum != 0.0 ? row[k] / sum : row[k]) * (1 << kWeightBits);
      values[k] = static_cast<std::int32_t>(share < 0 ? share - 0.5 : share + 0.5);  // to nearest, halves away from 0
    }
    weights.first[i - begin] = first;
    weights.count[i - begin] = count;
  }
  return weights;
}

// The position is summed up step by step, as the reference does: its rounding decides which of two neighbours is
// nearest.
std::vector<int> nearest_positions(int in_size, float low, float high, int out_size, int begin, int end) {
  const double step = static_cast<double>(high - low) / out_size;
  double position = low + step * 0.5;
  std::vector<int> positions;
  for (int i = 0; i < end; ++i, position += step) {
    if (i >= begin) positions.push_back(std::min(static_cast<int>(position), in_size - 1));  // rounding may go past it
  }
  return positions;
}

}  // namespace graft::data
