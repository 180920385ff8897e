// Low-rank adaptation: h = W x + s B A x beside a frozen linear map, after Hu et al. 2021 (arXiv:2106.09685), sec. 4.1.
// A starts as PyTorch's Kaiming-uniform (what the authors' loralib and PEFT do; the paper says Gaussian), B as zero.
// s = alpha / rank, or alpha / sqrt(rank) as in rsLoRA (Kalajdzievski 2023, arXiv:2312.03732).
// A fused qkv is adapted by slice: each of q and v has an A of its own, as with three separate matrices.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/methods/places.h"
#include "graft/nn/insert.h"

namespace graft::methods::lora {

// Whose names a file gives to the modules of transformers' ViT and DINOv2: 5 renamed them in memory.
enum class Names { transformers_5, transformers_4 };
std::vector<std::pair<Names, std::string>> choices(Names);

struct Options {
  int64_t rank = 8;
  double alpha = 8;
  double dropout = 0;
  bool rslora = false;
  std::string target = "q,v";
  Towers tower = Towers::reader;
  Names names = Names::transformers_5;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("rank", o.rank, "rank r of the update");
  visit("alpha", o.alpha, "the update is multiplied by alpha / r");
  visit("dropout", o.dropout, "share of the branch's input that is dropped in training");
  visit("rslora", o.rslora, "multiply by alpha / sqrt(r) instead");
  visit("target", o.target, "linear maps by name, * for any letters: q,v or attn.* or mlp.fc1 or *");
  visit("tower", o.tower, "where: the tower that reads the examples, the image tower, the text tower, or both");
  visit("names", o.names, "names in the adapter's file for PEFT beside transformers 5, or beside transformers 4");
}

// What a branch is made of. With `gain` and `shift` it is gain * (W x + scale * B A x) + shift: DoRA (Liu et al. 2024,
// arXiv:2402.09353) once it is trained, and an update that has a bias of its own.
struct BranchParts {
  at::Tensor a;  // [r, in]
  at::Tensor b;  // [out, r]
  double scale = 1;
  double dropout = 0;
  at::Tensor gain = {};   // [out] or undefined
  at::Tensor shift = {};  // [out] or undefined
};

class Branch final : public nn::Insert {
 public:
  Branch(int64_t in, int64_t out, const Options& options, Random& random);
  explicit Branch(BranchParts parts);

  // x [..., in] -> [..., out]
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;
  std::optional<nn::Folded> fold(const at::Tensor& weight, const at::Tensor& bias) const override;

  const at::Tensor& a() const { return a_; }  // [r, in]
  const at::Tensor& b() const { return b_; }  // [out, r]
  double scale() const { return scale_; }
  bool is_low_rank() const { return !gain_.defined() && !shift_.defined(); }

 private:
  at::Tensor a_, b_, gain_, shift_;
  double scale_, dropout_;
};

extern const Entry entry;

}  // namespace graft::methods::lora
