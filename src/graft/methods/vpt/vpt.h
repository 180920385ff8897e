// Visual prompt tuning: learned tokens among a frozen image tower's, after Jia et al. 2022 (arXiv:2203.12119). Shallow:
// put in once, before the first block. Deep: before every later block those rows are replaced by learned ones of the
// block's own, and what the block before made of them is dropped. Prompts get no position embedding.
// On a CLIP, MaPLe's form of it (Khattak et al. 2023, arXiv:2210.03117) is: --ln-pre before --position end --init
// normal.
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/nn/insert.h"

namespace graft::methods::vpt {

enum class Mode { deep, shallow };
enum class Position { after_class, end };
enum class Init { vpt_uniform, normal };
enum class LnPre { after, before };
std::vector<std::pair<Mode, std::string>> choices(Mode);
std::vector<std::pair<Position, std::string>> choices(Position);
std::vector<std::pair<Init, std::string>> choices(Init);
std::vector<std::pair<LnPre, std::string>> choices(LnPre);

struct Options {
  Mode mode = Mode::deep;
  int64_t tokens = 5;
  Position position = Position::after_class;
  Init init = Init::vpt_uniform;
  LnPre ln_pre = LnPre::after;
  double dropout = 0;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("mode", o.mode, "learned tokens before every block, or before the first alone");
  visit("tokens", o.tokens, "how many");
  visit("position", o.position, "where in the sequence: after the class token, or at the end");
  visit("init", o.init, "first values: the paper's uniform ones, or N(0, 0.02^2)");
  visit("ln-pre", o.ln_pre, "CLIP: put in after the norm before the blocks, or before it");
  visit("dropout", o.dropout, "share of the prompts' numbers dropped in training (the paper: 0.1 for deep)");
}

class Prompts final : public nn::Insert {
 public:
  // values [P, D]. The first puts rows in; the others replace those rows.
  Prompts(at::Tensor values, bool replaces, Position position, double dropout);

  // x [B, T, D] -> [B, T + P, D], or [B, T, D] where rows are replaced
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Layout layout(const nn::Layout& before) const override;

 private:
  int64_t row(const nn::Layout& layout) const;  // where the prompts begin

  at::Tensor values_;  // [P, D]
  bool replaces_;
  Position position_;
  double dropout_;
};

extern const Entry entry;

}  // namespace graft::methods::vpt
