// A Transformer block (Vaswani et al. 2017, arXiv:1706.03762), pre-norm as in ViT (Dosovitskiy et al. 2021,
// arXiv:2010.11929), x += ls1 * attn(norm1 x); x += ls2 * mlp(norm2 x), or post-norm as in the paper and in BERT,
// x = norm1(x + attn(x)); x = norm2(x + mlp(x)). LayerScale (Touvron et al. 2021, arXiv:2103.17239) is optional. The
// sub-layers `attn` and `mlp` are sites, and so are their linear maps, and attention's keys and values.
#pragma once

#include <ATen/core/Tensor.h>
#include <memory>
#include <vector>

#include "graft/nn/joint.h"
#include "graft/nn/linear.h"
#include "graft/nn/norm.h"
#include "graft/nn/rerunnable.h"
#include "graft/nn/stream.h"

namespace graft::nn {

// What a block is made of, ready to build: tensors as loaded, in our order.
struct BlockParts {
  std::shared_ptr<LayerNorm> norm1, norm2;
  std::shared_ptr<Linear> qkv;   // [3D, D], rows q k v, slices q k v
  std::shared_ptr<Linear> proj;  // [D, D]
  std::shared_ptr<Linear> fc1;   // [M, D]
  std::shared_ptr<Linear> fc2;   // [D, M]
  at::Tensor scale1, scale2;     // LayerScale [D], or undefined
  int64_t heads = 1;
  tensor::Activation activation = tensor::Activation::gelu;
  bool causal = false;
  bool norm_first = true;  // pre-norm; else the stream is normed behind each add
};

class Block : public Rerunnable {
 public:
  // Parameters: norm1.*, attn.qkv.*, attn.proj.*, scale1, norm2.*, mlp.fc1.*, mlp.fc2.*, scale2
  Block(BlockParts parts, Site attn, Site mlp, Site key_values = {});

  // x [B, T, D] float32 -> the same
  at::Tensor forward(const at::Tensor& x, const Context& context) const;
  void forward(Stream& stream, const Context& context) const override;
  // The same, for one row a sequence: the class token of the last block, whose other rows nobody needs.
  // rows [B] int64 -> [B, 1, D]
  at::Tensor forward_rows(Stream& stream, const at::Tensor& rows, const Context& context) const;

  std::vector<Joint*> joints() override;  // attn, qkv, keys and values, proj, mlp, fc1, fc2: in order of computation

 private:
  // The bodies of the sub-layers: [B, T, D], normed, in the type maps carry or the stream's -> the change, without the
  // residual.
  at::Tensor attend(const at::Tensor& normed, const Context& context) const;
  at::Tensor attend_rows(const at::Tensor& normed, const at::Tensor& rows, const Context& context) const;
  at::Tensor mlp(const at::Tensor& normed, const Context& context) const;
  // Runs a sub-layer in the stream, with whatever sits at its joint: fused where that says that it is a bottleneck.
  template <class Body>
  void sublayer(Stream& stream, const Joint& joint, const LayerNorm& norm, const Body& body,
                const Context& context) const;
  template <class Body>
  void pre_norm(Stream& stream, const Joint& joint, const LayerNorm& norm, const Body& body,
                const Context& context) const;
  template <class Body>
  void post_norm(Stream& stream, const Joint& joint, const LayerNorm& norm, const Body& body,
                 const Context& context) const;

  BlockParts parts_;
  Joint attn_joint_, mlp_joint_, key_values_joint_;
};

// x [B, T, D], rows [B] -> [B, 1, D]
at::Tensor take_rows(const at::Tensor& x, const at::Tensor& rows);

}  // namespace graft::nn
