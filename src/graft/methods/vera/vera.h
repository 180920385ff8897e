// VeRA: a low-rank update whose two matrices are drawn, frozen and shared by all maps, with two learned vectors for
// each: h = W x + b * (B (d * (A x))), after Kopiczko et al. 2024 (arXiv:2310.11454), eq. 2. d starts as 0.1 and b as
// zero. A and B are drawn as PEFT draws them, Kaiming-uniform from PyTorch's generator seeded by --projection-key, once
// for the widest map; others take their first columns and rows.
#pragma once

#include <memory>
#include <string>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"
#include "graft/nn/insert.h"

namespace graft::methods::vera {

struct Options {
  int64_t rank = 256;
  double d_initial = 0.1;
  double dropout = 0;
  int64_t projection_key = 0;
  std::string target = "q,v";
  Towers tower = Towers::reader;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("rank", o.rank, "rank r of the update");
  visit("d-initial", o.d_initial, "first value of the factors between the two matrices");
  visit("dropout", o.dropout, "share of the branch's input that is dropped in training");
  visit("projection-key", o.projection_key, "what the two matrices are drawn by");
  visit("target", o.target, "linear maps by name, * for any letters: q,v or attn.* or mlp.fc1");
  visit("tower", o.tower, "where: the tower that reads the examples, the image tower, the text tower, or both");
}

// Of all maps: a [r, widest input], b [widest output, r].
struct Projections {
  at::Tensor a, b;
};
Projections drawn_projections(int64_t rank, int64_t inputs, int64_t outputs, int64_t key);

class Vectors final : public nn::Insert {
 public:
  Vectors(Projections shared, int64_t inputs, int64_t outputs, double d_initial, double dropout);

  // x [..., in] -> [..., out]
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;
  std::optional<nn::Folded> fold(const at::Tensor& weight, const at::Tensor& bias) const override;

  const at::Tensor& d() const { return d_; }  // [r]
  const at::Tensor& b() const { return b_; }  // [out]
  const Projections& shared() const { return shared_; }

 private:
  at::Tensor left() const;   // b B d, [out, r]
  at::Tensor right() const;  // A, [r, in]

  Projections shared_;  // in the type that they were drawn in
  int64_t inputs_;
  double dropout_;
  at::Tensor d_, b_;
};

extern const Entry entry;

}  // namespace graft::methods::vera
