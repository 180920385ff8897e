// What prompting asks of a language model: how likely a text is behind another, and how a text goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/random.h"
#include "graft/prompting/sampling.h"

namespace graft::prompting {

struct Pair {
  std::string context, continuation;  // cut into tokens as token_windows.h says
};

struct Likelihood {
  double sum = 0;       // of the natural logarithms of the continuation's tokens
  int64_t tokens = 0;   // how many
  bool greedy = false;  // each was the most likely one
};

struct Prompt {
  std::string text;
  Random random;  // of this prompt alone, so that its answer does not depend on its company
};

struct GenerateOptions {
  SamplingOptions sampling = {.temperature = 0};
  std::vector<std::string> until = {};  // stop strings, which are left out
  int64_t max_tokens = 256;
};

struct Generated {
  std::string text;
  int64_t tokens = 0;
  enum class Ended { stop_string, end_of_text, length } ended = Ended::length;
};

class LanguageModel {
 public:
  virtual ~LanguageModel() = default;

  // One each, in their order. Pairs whose contexts begin alike share what is computed of the beginning.
  virtual std::vector<Likelihood> log_likelihoods(std::span<const Pair> pairs) = 0;
  // Of whole texts, however long, in windows (rolling_windows).
  virtual std::vector<Likelihood> text_likelihoods(std::span<const std::string> texts) = 0;
  virtual std::vector<Generated> generate(std::span<const Prompt> prompts, const GenerateOptions& options) = 0;
};

}  // namespace graft::prompting
