#include "graft/prompting/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graft/core/error.h"

namespace graft::prompting {
namespace {

// The place of the largest, of equal ones the first.
size_t largest(std::span<const float> logits) {
  size_t best = logits.size();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i]) || logits[i] == std::numeric_limits<float>::infinity())
      throw DivergenceError("sampling", "the logit of token {} is {}: the model's numbers are no numbers any more.", i,
                            logits[i]);
    if (logits[i] > -std::numeric_limits<float>::infinity() && (best == logits.size() || logits[i] > logits[best]))
      best = i;
  }
  if (best == logits.size())
    throw DivergenceError("sampling", "none of {} logits is finite: no token can come next.", logits.size());
  return best;
}

bool comes_first(const Candidate& a, const Candidate& b) {
  return a.probability != b.probability ? a.probability > b.probability : a.token < b.token;
}

void share_out(std::vector<Candidate>& all) {
  double sum = 0;
  for (const auto& one : all)
    sum += one.probability;
  for (auto& one : all)
    one.probability /= sum;
}

}  // namespace

void check(const SamplingOptions& options, std::string_view where) {
  if (!(options.temperature >= 0) || !std::isfinite(options.temperature))
    throw ConfigError(where, "--temperature: expected 0 (the most likely token each time) or more, got {}.",
                      options.temperature);
  if (options.top_k < 0) throw ConfigError(where, "--top-k: expected 0 (all) or more, got {}.", options.top_k);
  if (!(options.top_p > 0 && options.top_p <= 1))
    throw ConfigError(where, "--top-p: expected more than 0 and at most 1, got {}.", options.top_p);
  if (!(options.min_p >= 0 && options.min_p <= 1))
    throw ConfigError(where, "--min-p: expected 0 to 1, got {}.", options.min_p);
}

std::vector<Candidate> candidates(std::span<const float> logits, const SamplingOptions& options) {
  const size_t best = largest(logits);
  if (options.temperature == 0) return {{static_cast<int32_t>(best), 1.0}};
  const double most = logits[best];
  std::vector<Candidate> all;
  all.reserve(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    const double weight = std::exp((logits[i] - most) / options.temperature);
    if (weight > 0) all.push_back({static_cast<int32_t>(i), weight});
  }
  if (const auto k = static_cast<size_t>(options.top_k); k > 0 && k < all.size()) {
    std::ranges::nth_element(all, all.begin() + static_cast<std::ptrdiff_t>(k - 1), comes_first);
    const double least = all[k - 1].probability;  // what is as likely as the k-th stays too
    std::erase_if(all, [&](const Candidate& one) { return one.probability < least; });
  }
  share_out(all);
  if (options.top_p < 1) {  // a token stays while those before it have less than p together
    const auto later = [](const Candidate& a, const Candidate& b) { return comes_first(b, a); };
    std::ranges::make_heap(all, later);
    auto end = all.end();
    for (double before = 0; before < options.top_p && end != all.begin(); --end) {
      std::ranges::pop_heap(all.begin(), end, later);
      before += std::prev(end)->probability;
    }
    all.erase(all.begin(), end);
  }
  std::ranges::sort(all, comes_first);
  const double least = options.min_p * all.front().probability;
  std::erase_if(all, [&](const Candidate& one) { return one.probability < least; });
  share_out(all);
  return all;
}

int32_t greedy_token(std::span<const float> logits) {
  return static_cast<int32_t>(largest(logits));
}

int32_t sample_token(std::span<const float> logits, const SamplingOptions& options, Random& random) {
  if (options.temperature == 0) return greedy_token(logits);
  const auto all = candidates(logits, options);
  double left = random.uniform();
  for (const auto& one : all) {
    left -= one.probability;
    if (left < 0) return one.token;
  }
  return all.back().token;  // what rounding left over
}

TokenLikelihood token_likelihood(std::span<const float> logits, int32_t token) {
  const size_t best = largest(logits);
  double sum = 0;
  for (const float logit : logits)
    sum += std::exp(static_cast<double>(logit) - logits[best]);
  const auto at = static_cast<size_t>(token);
  return {static_cast<double>(logits[at]) - logits[best] - std::log(sum), at == best};
}

}  // namespace graft::prompting
