// What a method puts at a site: a module that is handed the frozen computation as a function, which it may call zero,
// one or several times.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "graft/nn/layout.h"
#include "graft/tensor/bottleneck.h"

namespace graft::nn {

// Sequences that begin alike under causal attention: x is [1, rows + sequences * T, D], the common rows once, then what
// each sequence goes on with.
struct CommonStart {
  int64_t rows = 0, sequences = 0;
};

// What surrounds a computation. A tower writes into its own copy what is known of the rows it is at.
struct Context {
  bool training = false;
  bool recompute = false;                       // blocks keep their input alone for the backward, and run again there
  bool gathers = false;                         // a step that counts, and not one that is run again or only followed
  std::optional<at::Generator> generator = {};  // dropout draws from it; seeded anew each step, so resume is exact
  Layout layout = {};                           // of x, where x is tokens
  at::Tensor present = {};                      // [B, T] bool: rows of x that are no padding; undefined: all
  at::Tensor learned = {};                      // [C, M] rows of each prompt that stand for learned words
  std::optional<CommonStart> start = {};        // of the sequences in x
  bool alone = false;                           // each row of x attends to itself and to no other
};

// The frozen computation at a site. A sub-layer's norm and body can also be called alone: whole(x) = body(norm(x)). Of
// a post-norm block the body reads the stream as it is, and the norm stands behind the add.
class Frozen {
 public:
  using Function = std::function<at::Tensor(const at::Tensor&)>;
  Frozen(Function whole) : whole_(std::move(whole)) {}  // NOLINT: a function is a frozen computation
  Frozen(Function norm, Function body) : norm_(std::move(norm)), body_(std::move(body)) {}
  Frozen(Function whole, Function norm, Function body)
      : whole_(std::move(whole)), norm_(std::move(norm)), body_(std::move(body)) {}
  static Frozen post_norm(Function body, Function norm_behind) {
    Frozen frozen(std::move(body));
    frozen.norm_behind_ = std::move(norm_behind);
    return frozen;
  }

  at::Tensor operator()(const at::Tensor& x) const { return whole_ ? whole_(x) : body_(norm_(x)); }
  at::Tensor norm(const at::Tensor& x) const { return norm_ ? norm_(x) : x; }
  at::Tensor body(const at::Tensor& x) const { return body_ ? body_(x) : whole_(x); }
  bool has_norm_behind() const { return norm_behind_ != nullptr; }
  at::Tensor norm_behind(const at::Tensor& sum) const { return norm_behind_(sum); }  // where there is one

 private:
  Function whole_, norm_, body_, norm_behind_;
};

// What an insert is, if it can say so; a fused kernel may then run instead of its forward, which stays the reference.
struct Opaque {};
struct LowRank {  // frozen(x) + scale * x aᵀ bᵀ
  at::Tensor a;   // [r, in]
  at::Tensor b;   // [out, r]
  double scale = 1;
  double dropout = 0;  // on x, before a, while training
};
struct Affine {      // frozen(x) * scale + shift; an undefined tensor is left out
  at::Tensor scale;  // [out]
  at::Tensor shift;  // [out]
};
struct Bottleneck {  // h + gain * up(act(down(.))) of a sub-layer's output h, or of what it reads (parallel)
  tensor::Bottleneck parts;
  bool parallel = false;
  bool reads_norm = false;  // parallel: the input behind the sub-layer's norm, not the stream
  bool reads_sum = false;   // behind, in a post-norm block: what the norm gives of the stream with h added
  double dropout = 0;       // before up, while training
};
using Form = std::variant<Opaque, LowRank, Affine, Bottleneck>;

struct Folded {
  at::Tensor weight;  // [out, in], or [out, in, ...] of a convolution, float32
  at::Tensor bias;    // [out] or undefined
};

struct Insert : torch::nn::Module {
  // x: what the site's kind says. Opaque inserts are given, and give, the stream's type (float32). Several threads may
  // be in it at once.
  virtual at::Tensor forward(const at::Tensor& x, const Frozen& frozen, const Context& context) const = 0;

  virtual Form form() const { return Opaque{}; }

  // Tokens sites, and keys and values (their rows are prompts): the layout that forward leaves, given the one it gets.
  virtual Layout layout(const Layout& before) const { return before; }

  // Words sites only: whether every prompt gets the same words.
  virtual bool same_for_all_prompts() const { return false; }

  // Whether its tensors stand for the classes that it was trained on, one for each: it then serves no others.
  virtual bool is_of_its_classes() const { return false; }

  // The linear map or convolution that forward computes around (weight, bias), in float32; empty where it is none.
  virtual std::optional<Folded> fold(const at::Tensor& /*weight*/, const at::Tensor& /*bias*/) const { return {}; }
};

}  // namespace graft::nn
