// Prefix tuning: learned keys and values before those of every text, in every block, after Li & Liang 2021
// (arXiv:2101.00190), sec. 4. Training them directly is unstable (sec. 4.3), so they are made of a smaller matrix by a
// network of one hidden layer, tanh, which is dropped when an adapter is written: only what it made is kept.
// That network and its size are those of the authors' code; without it (--inner 0) keys and values start as N(0, 1), as
// in PEFT. In a decoder positions go on behind a prefix, as they do behind text that was read, in PEFT and in the
// authors' code; where an encoder adds positions to its tokens these stay as they are.
// As a gated sum: attention behind a prefix is (1 - l) * attention + l * attention over the prefix alone, with l the
// prefix's share of the softmax (He et al. 2022, arXiv:2110.04366, eq. 7).
#pragma once

#include <memory>
#include <vector>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"
#include "graft/nn/insert.h"

namespace graft::methods::prefix {

struct Options {
  int64_t tokens = 30;
  int64_t inner = 512;
  Towers tower = Towers::reader;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("tokens", o.tokens, "how many keys and values stand before those of a text, in each block");
  visit("inner", o.inner, "width of the network that makes them while training; 0: they train themselves");
  visit("tower", o.tower, "where: the tower that reads the examples, the image tower, the text tower, or both");
}

// What the prefixes of all blocks of a tower are made of, up to each block's last map.
struct Maker : torch::nn::Module {
  Maker(int64_t tokens, int64_t width, int64_t inner, Random& random);
  at::Tensor hidden() const;  // [P, inner]

  at::Tensor words, weight, bias;  // [P, width], [inner, width], [inner]
};

// The prefix of one block, for `heads` heads of keys of `width` in all.
class Prefix final : public nn::Insert {
 public:
  Prefix(const nn::Site& site, std::shared_ptr<Maker> maker, Random& random);
  Prefix(const nn::Site& site, at::Tensor rows);  // [P, 2 width]: keys, then values

  // x [2, B, heads, P', d] -> [2, B, heads, P' + P, d]
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Layout layout(const nn::Layout& before) const override;

  at::Tensor rows() const;     // [P, 2 width]
  void bake(at::Tensor rows);  // from now on these: nothing is made any more

 private:
  int64_t heads_, tokens_;
  at::Tensor rows_;               // [P, 2 width]; undefined while they are made
  std::shared_ptr<Maker> maker_;  // null: none was
  at::Tensor weight_, bias_;      // [2 width, inner], [2 width]
};

extern const Entry entry;

}  // namespace graft::methods::prefix
