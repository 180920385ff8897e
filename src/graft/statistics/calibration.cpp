#include "graft/statistics/calibration.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "graft/core/error.h"
#include "graft/statistics/finite.h"

namespace graft::statistics {
namespace {

constexpr size_t kExactBin = 1'000;

// E|sum (y_i - c_i)| for y_i = 1 with probability c_i: the law of the sum by convolution.
double expected_distance(const std::vector<double>& confidences) {
  const double sum = std::accumulate(confidences.begin(), confidences.end(), 0.0);
  if (confidences.size() > kExactBin) {
    double variance = 0;
    for (const double c : confidences)
      variance += c * (1 - c);
    return std::sqrt(2 * variance / std::numbers::pi);
  }
  std::vector<double> share{1};
  for (const double c : confidences) {
    share.push_back(0);
    for (size_t k = share.size(); k-- > 1;)
      share[k] = share[k] * (1 - c) + share[k - 1] * c;
    share[0] *= 1 - c;
  }
  double distance = 0;
  for (size_t k = 0; k < share.size(); ++k)
    distance += share[k] * std::abs(static_cast<double>(k) - sum);
  return distance;
}

size_t width_bin(double confidence, size_t bins) {  // confidence > 0
  const double count = static_cast<double>(bins);
  auto bin = static_cast<size_t>(std::max(0.0, std::ceil(confidence * count) - 1));
  if (bin > 0 && confidence <= static_cast<double>(bin) / count) --bin;  // the product was rounded up
  if (bin + 1 < bins && confidence > static_cast<double>(bin + 1) / count) ++bin;
  return std::min(bin, bins - 1);
}

}  // namespace

CalibrationError calibration_error(std::span<const double> confidences, std::span<const uint8_t> right, int64_t bins,
                                   Bins kind) {
  require_count("bins", bins, 1);
  require_count("items", static_cast<int64_t>(confidences.size()), 1);
  require_finite("confidence", confidences);
  if (confidences.size() != right.size())
    throw UsageError("statistics", "{} confidences and {} answers: expected one each an item.", confidences.size(),
                     right.size());
  for (size_t i = 0; i < confidences.size(); ++i) {
    if (confidences[i] < 0 || confidences[i] > 1)
      throw DataError("statistics", "confidence {} of {} is {}: expected a number from 0 to 1.", i + 1,
                      confidences.size(), confidences[i]);
  }
  const size_t n = confidences.size(), count = static_cast<size_t>(bins);
  std::vector<std::vector<size_t>> members(count);
  if (kind == Bins::width) {
    for (size_t i = 0; i < n; ++i) {
      if (confidences[i] > 0) members[width_bin(confidences[i], count)].push_back(i);
    }
  } else {
    std::vector<size_t> order(n);
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return confidences[a] < confidences[b]; });
    for (size_t rank = 0; rank < n; ++rank)
      members[rank * count / n].push_back(order[rank]);
  }
  CalibrationError result;
  std::vector<double> inside;
  for (const auto& bin : members) {
    if (bin.empty()) continue;
    const double size = static_cast<double>(bin.size()), weight = size / static_cast<double>(n);
    double correct = 0, confident = 0;
    inside.clear();
    for (const size_t i : bin) {
      correct += right[i] != 0;
      confident += confidences[i];
      inside.push_back(confidences[i]);
    }
    const double accuracy = correct / size, gap = accuracy - confident / size;
    result.bins.push_back({confident / size, accuracy, static_cast<int64_t>(bin.size())});
    result.error += weight * std::abs(gap);
    result.squared += weight * gap * gap;
    if (bin.size() > 1) result.debiased += weight * (gap * gap - accuracy * (1 - accuracy) / (size - 1));
    result.expected_if_calibrated += expected_distance(inside) / static_cast<double>(n);
  }
  return result;
}

}  // namespace graft::statistics
