// Low-rank adaptation: h = W x + s B A x beside a frozen linear map, after Hu et al. 2021 (arXiv:2106.09685), sec. 4.1.
// Beside a convolution A is one of the same window, stride and dilation to r channels, and B one of 1 x 1, as PEFT has
// it (PEFT 0.21 leaves the dilation out, and cannot run beside a dilated one; the authors' loralib cuts up the matrix
// of rows and columns of the window instead). A starts as PyTorch's Kaiming-uniform (what the authors' loralib and PEFT
// do; the paper says Gaussian), B as zero. s = alpha / rank, or alpha / sqrt(rank) as in rsLoRA (Kalajdzievski 2023,
// arXiv:2312.03732). A fused qkv is adapted by slice: each of q and v has an A of its own, as with three separate
// matrices.
// DoRA (Liu et al. 2024, arXiv:2402.09353) learns the length of each output's weights beside their direction: W' = m (W
// + s B A) / |W + s B A| by rows, m starting as |W|, and the length below the line is no part of the gradient
// (sec. 4.3). PiSSA and OLoRA start as a part of W that they take out of it (starts.h). Here W stays as it is and the
// branch subtracts what it started as, s (B A - B0 A0): a plain adapter of rank 2 r, which is how it is written. LoRA+
// (Hayou et al. 2024, arXiv:2402.12354) lets B, and DoRA's lengths with it, learn faster than A.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/methods/entry.h"
#include "graft/methods/lora/starts.h"
#include "graft/methods/method.h"
#include "graft/methods/peft_names.h"
#include "graft/methods/places.h"
#include "graft/nn/insert.h"

namespace graft::methods::lora {

using Names = methods::peft::Names;

// Of linear maps, and of networks of convolutions those of their residual paths.
inline constexpr const char* kUsualTarget = "q,v,conv*";

struct Options {
  int64_t rank = 8;
  double alpha = 8;
  double dropout = 0;
  bool rslora = false;
  bool dora = false;
  double b_rate = 1;
  Start start = Start::plain;
  std::string target = kUsualTarget;
  std::string target_modules, exclude_modules;
  std::vector<std::string> layers, rank_pattern, alpha_pattern;
  Towers tower = Towers::reader;
  Names names = Names::transformers_5;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("rank", o.rank, "rank r of the update");
  visit("alpha", o.alpha, "the update is multiplied by alpha / r");
  visit("dropout", o.dropout, "share of the branch's input that is dropped in training");
  visit("rslora", o.rslora, "multiply by alpha / sqrt(r) instead");
  visit("dora", o.dora, "learn the length of each output's weights too (DoRA)");
  visit("b-rate", o.b_rate, "B learns at so many times the learning rate (LoRA+: 16)");
  visit("start", o.start, "plain, or as a part of the weight that is taken out of it: pissa, olora");
  visit("target", o.target,
        "linear maps and convolutions by name, * for any letters: q,v or attn.* or mlp.fc1 or conv2 or *");
  visit("target-modules", o.target_modules,
        "in place of --target, by the checkpoint's names as PEFT reads them: ends of names, a regular expression, or "
        "all-linear");
  visit("exclude-modules", o.exclude_modules, "modules that are left out: ends of names, or a regular expression");
  visit("layers", o.layers, "blocks alone that are adapted, by number (PEFT: layers_to_transform)");
  visit("rank-pattern", o.rank_pattern, "ranks of modules that have another, as q_proj=16,.*mlp.*=4");
  visit("alpha-pattern", o.alpha_pattern, "alphas of modules that have another, likewise");
  visit("tower", o.tower, "where: the tower that reads the examples, the image tower, the text tower, or both");
  visit("names", o.names, "names in the adapter's file for PEFT beside transformers 5, or beside transformers 4");
}

// What a branch is made of. With `gain` and `shift` it is gain * (W x + scale * B A x) + shift: an update that has a
// bias of its own, and DoRA beside it. With `magnitude` it is DoRA.
struct BranchParts {
  at::Tensor a;  // [r, in], or beside a convolution [r, in, window]
  at::Tensor b;  // [out, r], or [out, r, 1, ...]
  double scale = 1;
  double dropout = 0;
  at::Tensor gain = {};         // [out] or undefined
  at::Tensor shift = {};        // [out] or undefined; of convolutions both are undefined
  at::Tensor a0 = {}, b0 = {};  // as a and b: what is subtracted, or undefined
  at::Tensor magnitude = {};    // [out] or undefined
  at::Tensor squares = {};      // [out], with a magnitude: the squared lengths of the frozen weight's rows
  nn::Window window = {};       // of a convolution
};

class Branch final : public nn::Insert {
 public:
  // Beside a site, or `out` rows of one, whose weight [out, in] is asked for by DoRA and by a start that is taken from
  // it.
  Branch(const nn::Site& site, int64_t out, const Options& options, Random& random, const at::Tensor& weight = {});
  explicit Branch(BranchParts parts);

  // x [..., in] -> [..., out], or maps as of the convolution
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;
  std::optional<nn::Folded> fold(const at::Tensor& weight, const at::Tensor& bias) const override;

  const at::Tensor& a() const { return a_; }  // as of BranchParts
  const at::Tensor& b() const { return b_; }
  double scale() const { return scale_; }
  const at::Tensor& magnitude() const { return magnitude_; }
  // With what is subtracted: [r or 2 r, in], [out, r or 2 r]; and the other way.
  at::Tensor whole_a() const;
  at::Tensor whole_b() const;
  void set(const at::Tensor& whole_a, const at::Tensor& whole_b) const;
  bool is_low_rank() const { return !gain_.defined() && !shift_.defined() && !magnitude_.defined(); }
  bool has_own_shift() const { return gain_.defined() || shift_.defined(); }

 private:
  at::Tensor update(const at::Tensor& x) const;          // B A x
  at::Tensor lengths(const at::Tensor& products) const;  // |W + s B A| by rows, of A W^T [r, out]
  at::Tensor lengthened(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const;

  at::Tensor a_, b_, gain_, shift_, a0_, b0_, magnitude_, squares_;
  double scale_, dropout_;
  nn::Window window_;
};

extern const Entry entry;

}  // namespace graft::methods::lora
