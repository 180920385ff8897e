#include "graft/prompting/choice_scores.h"

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

double log_sum(std::span<const double> logs) {
  const double most = *std::ranges::max_element(logs);
  if (!std::isfinite(most)) return most;
  double sum = 0;
  for (const double one : logs)
    sum += std::exp(one - most);
  return most + std::log(sum);
}

}  // namespace

size_t best_of(std::span<const double> scores) {
  return static_cast<size_t>(std::ranges::max_element(scores) - scores.begin());
}

std::vector<double> per_character(std::span<const double> sums, std::span<const std::string> choices) {
  std::vector<double> all;
  for (size_t i = 0; i < sums.size(); ++i)
    all.push_back(sums[i] / static_cast<double>(text::decode_utf8(choices[i]).size()));
  return all;
}

std::vector<double> per_byte(std::span<const double> sums, std::span<const std::string> choices) {
  std::vector<double> all;
  for (size_t i = 0; i < sums.size(); ++i)
    all.push_back(sums[i] / static_cast<double>(choices[i].size()));
  return all;
}

std::vector<double> given_context(std::span<const double> sums, std::span<const double> without) {
  std::vector<double> all;
  for (size_t i = 0; i < sums.size(); ++i)
    all.push_back(sums[i] - without[i]);
  return all;
}

std::vector<double> calibrated(std::span<const double> sums, std::span<const std::vector<double>> content_free) {
  GRAFT_ASSERT(!content_free.empty());
  std::vector<double> all;
  for (size_t i = 0; i < sums.size(); ++i) {
    std::vector<double> logs;
    for (const auto& input : content_free)
      logs.push_back(input[i]);
    all.push_back(sums[i] - (log_sum(logs) - std::log(static_cast<double>(logs.size()))));
  }
  return all;
}

std::vector<double> softmax(std::span<const double> sums) {
  const double all = log_sum(sums);
  std::vector<double> shares;
  for (const double one : sums)
    shares.push_back(std::exp(one - all));
  return shares;
}

double brier_score(std::span<const double> sums, size_t right) {
  const auto shares = softmax(sums);
  double score = 0;
  for (size_t i = 0; i < shares.size(); ++i)
    score += std::pow(shares[i] - (i == right ? 1 : 0), 2);
  return score;
}

}  // namespace graft::prompting
