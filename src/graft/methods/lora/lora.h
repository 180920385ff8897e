// Low-rank adaptation: h = W x + s B A x beside a frozen linear map, after Hu et al. 2021 (arXiv:2106.09685), sec. 4.1.
// Beside a convolution A is one of the same window, stride and dilation to r channels, and B one of 1 x 1, as PEFT has
// it (PEFT 0.21 leaves the dilation out, and cannot run beside a dilated one; the authors' loralib cuts up the matrix
// of rows and columns of the window instead). A starts as PyTorch's Kaiming-uniform (what the authors' loralib and PEFT
// do; the paper says Gaussian), B as zero. s = alpha / rank, or alpha / sqrt(rank) as in rsLoRA (Kalajdzievski 2023,
// arXiv:2312.03732). A fused qkv is adapted by slice: each of q and v has an A of its own, as with three separate
// matrices.
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

// Of linear maps, and of networks of convolutions those of their residual paths.
inline constexpr const char* kUsualTarget = "q,v,conv*";

struct Options {
  int64_t rank = 8;
  double alpha = 8;
  double dropout = 0;
  bool rslora = false;
  std::string target = kUsualTarget;
  Towers tower = Towers::reader;
  Names names = Names::transformers_5;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("rank", o.rank, "rank r of the update");
  visit("alpha", o.alpha, "the update is multiplied by alpha / r");
  visit("dropout", o.dropout, "share of the branch's input that is dropped in training");
  visit("rslora", o.rslora, "multiply by alpha / sqrt(r) instead");
  visit("target", o.target,
        "linear maps and convolutions by name, * for any letters: q,v or attn.* or mlp.fc1 or conv2 or *");
  visit("tower", o.tower, "where: the tower that reads the examples, the image tower, the text tower, or both");
  visit("names", o.names, "names in the adapter's file for PEFT beside transformers 5, or beside transformers 4");
}

// What a branch is made of. With `gain` and `shift` it is gain * (W x + scale * B A x) + shift: DoRA (Liu et al. 2024,
// arXiv:2402.09353) once it is trained, and an update that has a bias of its own.
struct BranchParts {
  at::Tensor a;  // [r, in], or beside a convolution [r, in, window]
  at::Tensor b;  // [out, r], or [out, r, 1, ...]
  double scale = 1;
  double dropout = 0;
  at::Tensor gain = {};    // [out] or undefined
  at::Tensor shift = {};   // [out] or undefined; of convolutions both are undefined
  nn::Window window = {};  // of a convolution
};

class Branch final : public nn::Insert {
 public:
  // Beside a site, or `out` rows of one.
  Branch(const nn::Site& site, int64_t out, const Options& options, Random& random);
  explicit Branch(BranchParts parts);

  // x [..., in] -> [..., out], or maps as of the convolution
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;
  std::optional<nn::Folded> fold(const at::Tensor& weight, const at::Tensor& bias) const override;

  const at::Tensor& a() const { return a_; }  // as of BranchParts
  const at::Tensor& b() const { return b_; }
  double scale() const { return scale_; }
  bool is_low_rank() const { return !gain_.defined() && !shift_.defined(); }

 private:
  at::Tensor update(const at::Tensor& x) const;  // B A x

  at::Tensor a_, b_, gain_, shift_;
  double scale_, dropout_;
  nn::Window window_;
};

extern const Entry entry;

}  // namespace graft::methods::lora
