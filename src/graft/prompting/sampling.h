// The next token from a row of logits: temperature, top-k, top-p (Holtzman et al. 2020, arXiv:1904.09751) and min-p
// (Nguyen et al. 2024, arXiv:2407.01082), one after the other and each on what the one before left, as transformers
// does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graft/core/options.h"
#include "graft/core/random.h"

namespace graft::prompting {

struct SamplingOptions {
  double temperature = 1;
  int64_t top_k = 0;
  double top_p = 1;
  double min_p = 0;
};
template <class Visitor>
void fields(Visitor& visit, SamplingOptions& o) {
  visit("temperature", o.temperature, "divides the logits; 0: the most likely token each time");
  visit("top-k", o.top_k, "only the k most likely tokens; 0: all");
  visit("top-p", o.top_p, "only the fewest tokens that have this probability together; 1: all");
  visit("min-p", o.min_p, "only tokens with at least this share of the most likely one's probability; 0: all");
}
// ConfigError at `where` for a value out of its range.
void check(const SamplingOptions& options, std::string_view where);

struct Candidate {
  int32_t token = 0;
  double probability = 0;
};

// The tokens that may come next, the most likely first (of equal ones the lower number), with their probabilities among
// each other. `logits`: [vocabulary]. DivergenceError for NaN, for +infinity, and where nothing is finite.
std::vector<Candidate> candidates(std::span<const float> logits, const SamplingOptions& options);

// The most likely token, of equal ones the first. The same errors.
int32_t greedy_token(std::span<const float> logits);

// One of candidates(); at temperature 0 greedy_token(), which draws nothing.
int32_t sample_token(std::span<const float> logits, const SamplingOptions& options, Random& random);

// log softmax(logits)[token], and whether the token is the greedy one.
struct TokenLikelihood {
  double log_probability = 0;
  bool greedy = false;
};
TokenLikelihood token_likelihood(std::span<const float> logits, int32_t token);

}  // namespace graft::prompting
