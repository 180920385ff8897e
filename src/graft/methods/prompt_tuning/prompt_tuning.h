// Prompt tuning: learned tokens before the words of every text, after Lester et al. 2021 (arXiv:2104.08691), sec. 2.
// They start as words of the vocabulary drawn at random, as those of a text, which is repeated or cut to their number,
// or as uniform numbers in [-0.5, 0.5] (sec. 3.2; PEFT's start is N(0, 1)). The paper draws among the 5,000 most common
// words; here all are drawn among. They stand where words do: where positions are added they get some, and words stand
// behind them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/nn/insert.h"

namespace graft::methods::prompt_tuning {

enum class Init { vocabulary, random };
std::vector<std::pair<Init, std::string>> choices(Init);

struct Options {
  int64_t tokens = 20;
  Init init = Init::vocabulary;
  std::string text;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tokens", o.tokens, "how many");
  visit("init", o.init, "first values: words drawn from the vocabulary, or uniform numbers in [-0.5, 0.5]");
  visit("text", o.text, "first values: the words of this text, repeated or cut, in place of --init");
}

class SoftPrompt final : public nn::Insert {
 public:
  explicit SoftPrompt(at::Tensor rows);  // [P, D]

  // x [B, T, D] -> [B, P + T, D]
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Layout layout(const nn::Layout& before) const override;

  const at::Tensor& rows() const { return rows_; }

 private:
  at::Tensor rows_;
};

extern const Entry entry;

}  // namespace graft::methods::prompt_tuning
