// A block of a decoder: x += attn(norm1 x); x += mlp(norm2 x), with root-mean-square norms, rotary positions, fewer
// heads of keys than of queries (Ainslie et al. 2023, arXiv:2305.13245) and a gated MLP, down(act(gate u) * up u)
// (Shazeer 2020, arXiv:2002.05202). Some families norm queries and keys, or what a sub-layer gives, cap the scores, or
// look at the last tokens alone. The sub-layers `attn` and `mlp` are sites, and so are their linear maps, and
// attention's keys and values.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "graft/nn/joint.h"
#include "graft/nn/key_values.h"
#include "graft/nn/linear.h"
#include "graft/nn/rerunnable.h"
#include "graft/nn/rms_norm.h"
#include "graft/nn/rotary.h"

namespace graft::nn {

struct DecoderBlockParts {
  std::shared_ptr<RmsNorm> norm1, norm2;
  std::shared_ptr<RmsNorm> post1, post2;             // of what the sub-layers give, [D]; null: it is added as it is
  std::shared_ptr<RmsNorm> q_norm, k_norm;           // of each head, [d], before it is turned; null: none
  std::shared_ptr<Linear> qkv;                       // [(H + 2 K) d, D], slices q k v
  std::shared_ptr<Linear> proj;                      // [D, H d]
  std::shared_ptr<Linear> gate_up;                   // [2 M, D], slices gate up
  std::shared_ptr<Linear> down;                      // [D, M]
  int64_t heads = 1, key_heads = 1, head_width = 1;  // H, K, d
  double scale = 0;                                  // of the scores; 0: 1 / sqrt(d)
  double cap = 0;                                    // scores become cap * tanh(scores / cap); 0: they stay
  bool turns = true;                                 // queries and keys have positions
  bool slides = false;                               // it looks at the last tokens alone
  tensor::Activation activation = tensor::Activation::silu;
};

// What rows see and where they stand, for all blocks of one kind.
struct Sight {
  Turns turns;
  at::Tensor mask = {};  // added to the scores, [1 or B, 1, T, all keys]; undefined: each row sees all before it
};

struct DecoderCall {
  Sight whole, sliding;
  KeyValueCache* cache = nullptr;  // null: the rows are all there is
};

// bool [T, P + T]: row i, at position P + i, sees key j iff j <= P + i and, of a window w > 0, j > P + i - w.
at::Tensor causal_mask(int64_t rows, int64_t before, int64_t window);

class DecoderBlock : public torch::nn::Module {
 public:
  // Parameters: norm1.*, attn.qkv.*, attn.q_norm.*, attn.k_norm.*, attn.proj.*, post1.*, norm2.*, mlp.gate_up.*,
  // mlp.down.*, post2.*
  DecoderBlock(DecoderBlockParts parts, Site attn, Site mlp, Site key_values);

  // x [B, T, D] float32 in the stream
  void forward(Stream& stream, const Context& context, const DecoderCall& call) const;

  // The keys and values that a method puts before every sequence: how many, and into a cache, where forward() with that
  // cache then finds them.
  int64_t rows_before() const { return key_values_joint_.layout({}).total(); }
  void put_before(KeyValueCache& cache, const Context& context) const;

  std::vector<Joint*> joints();  // attn, qkv, keys and values, proj, mlp, gate_up, down
  const DecoderBlockParts& parts() const { return parts_; }

 private:
  at::Tensor attend(const at::Tensor& normed, const Context& context, const DecoderCall& call) const;
  at::Tensor mix(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Context& context,
                 const DecoderCall& call) const;
  at::Tensor mlp(const at::Tensor& normed, const Context& context) const;
  template <class Body>
  void sublayer(Stream& stream, const Joint& joint, const RmsNorm& norm, const Body& body,
                const Context& context) const;

  DecoderBlockParts parts_;
  Joint attn_joint_, mlp_joint_, key_values_joint_;
};

// The block in one call, as something that can run a second time in the backward (recompute.h).
std::shared_ptr<Rerunnable> in_call(std::shared_ptr<DecoderBlock> block, std::shared_ptr<const DecoderCall> call);

}  // namespace graft::nn
