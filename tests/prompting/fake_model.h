// A model whose answers are sums of bytes: the one that tests/golden/make/prompting.py asked through lm_eval.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/prompting/language_model.h"

namespace graft::prompting {

class FakeModel final : public LanguageModel {
 public:
  static int64_t number(std::string_view text) {
    int64_t sum = 0;
    for (const char c : text)
      sum += static_cast<unsigned char>(c);
    return sum % 1000003;
  }
  static Likelihood likelihood(std::string_view context, std::string_view continuation) {
    const int64_t c = number(context);
    Likelihood one{0, static_cast<int64_t>(continuation.size()), (c + number(continuation)) % 3 == 0};
    for (size_t i = 0; i < continuation.size(); ++i) {
      const int64_t byte = static_cast<unsigned char>(continuation[i]);
      one.sum -= static_cast<double>((byte * 7 + static_cast<int64_t>(i) * 13 + c) % 101 + 1) / 40;
    }
    return one;
  }
  static std::string text(std::string_view prompt) {
    const int64_t c = number(prompt);
    if (c % 7 == 0) return " no idea at all";
    if (c % 3 == 0) return fmt::format(" first {}, then {}\n#### $1,{:03d}.", c % 11, c % 13, c % 1000);
    return fmt::format(" I think {} apples. The answer is {}.", c % 50, c % 20);
  }

  std::vector<Likelihood> log_likelihoods(std::span<const Pair> pairs) override {
    std::vector<Likelihood> all;
    for (const auto& pair : pairs) {
      asked.emplace_back(pair.context, pair.continuation);
      all.push_back(likelihood(pair.context, pair.continuation));
    }
    return all;
  }
  std::vector<Likelihood> text_likelihoods(std::span<const std::string> texts) override {
    std::vector<Likelihood> all;
    for (const auto& text : texts)
      all.push_back(likelihood("", text));
    return all;
  }
  // At a temperature the answer is one of 0 to 4, and sometimes none.
  std::vector<Generated> generate(std::span<const Prompt> prompts, const GenerateOptions& options) override {
    std::vector<Generated> all;
    for (const auto& prompt : prompts) {
      asked.emplace_back(prompt.text, "");
      Random random = prompt.random;
      const auto drawn = random.below(6);
      all.push_back({options.sampling.temperature == 0 ? text(prompt.text)
                     : drawn == 5                      ? " nothing"
                                                       : fmt::format(" The answer is {}.", drawn),
                     1, Generated::Ended::end_of_text});
    }
    return all;
  }

  std::vector<std::pair<std::string, std::string>> asked;
};

}  // namespace graft::prompting
