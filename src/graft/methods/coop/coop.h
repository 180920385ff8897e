// Context optimisation: the words around a class's name are learned vectors, after Zhou et al. 2022 (arXiv:2109.01134),
// sec. 3.2. Both towers stay frozen; the gradient goes through the text tower for every class at each step.
// Initial words may be of any length: their tokens are counted, not their spaces as the authors' code does. With words
// of its own each class starts from a copy of them (--csc), where the authors' code then shares one context.
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/nn/insert.h"

namespace graft::methods::coop {

struct Options {
  int64_t length = 16;
  bool csc = false;
  models::WordPosition position = models::WordPosition::end;
  std::string words;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("length", o.length, "learned words M (with --words: as many as those have tokens)");
  visit("csc", o.csc, "a context for each class, not one for all");
  visit("position", o.position, "where the class's name stands: at the end, in the middle, in front of the words");
  visit("words", o.words, "words to start from (\"a photo of a\"), not N(0, 0.02^2)");
}

class Words final : public nn::Insert {
 public:
  explicit Words(at::Tensor context);  // [M, D], or [C, M, D] with a context for each class

  // x [C, T, D], embedded prompts -> the same with the learned rows in place
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  bool same_for_all_prompts() const override { return words_.dim() == 2; }
  bool is_of_its_classes() const override { return words_.dim() == 3; }

 private:
  at::Tensor words_;
};

extern const Entry entry;

}  // namespace graft::methods::coop
