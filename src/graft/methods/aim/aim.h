// AIM: a frozen image model becomes a video model (Yang et al. 2023, arXiv:2302.03024). In each block, with the block's
// own attention, norm and MLP all frozen, and z the tokens of a clip's frames:
//   temporal  z <- z + T(attention(norm z)), each token's place attending over the frames; T has no skip
//   spatial   z <- z + S(attention(norm z)), each frame over its tokens as in the image model; S has a skip
//   joint     z <- z + mlp(norm z) + scale * J(norm z); J has no skip
// T, S and J are bottlenecks, up(gelu(down(.))), whose upper map starts as zero: at the start the model is the image
// model, frame by frame. Learned positions of the frames, zero at first, are added to all tokens of a frame. A clip's
// features are the mean over its frames of the normed class token, behind which stand dropout and a linear head; CLIP's
// projection is left out. The last norm trains too.
// Beside the authors' code: drop path drops a clip, where theirs (--drop-path-of place) drops one place in all clips of
// a batch; biases and positions in time are not decayed; clips are not mirrored unless --augment says so, as "to the
// left" would become "to the right"; random base weights are refused, which that code takes in silence.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/nn/insert.h"
#include "graft/tensor/precision.h"

namespace graft::methods::aim {

enum class DropPathOf { clip, place };
std::vector<std::pair<DropPathOf, std::string>> choices(DropPathOf);

struct Options {
  bool spatial = true, temporal = true, joint = true;
  int64_t temporal_adapters = 1;
  double ratio = 0.25;
  double scale = 0.5;
  double drop_path = 0.2;
  DropPathOf drop_path_of = DropPathOf::clip;
  double head_dropout = 0.5;
  double positions_std = 0;
  bool random_base = false;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("spatial", o.spatial, "adapters behind the attention within a frame");
  visit("temporal", o.temporal, "the attention over frames, with its adapters and the positions in time");
  visit("joint", o.joint, "adapters beside the MLP");
  visit("temporal-adapters", o.temporal_adapters,
        "1: behind the attention over frames; 2: before it as well, as the paper has it for Something-Something");
  visit("ratio", o.ratio, "inner width of the adapters as a share of the model's");
  visit("scale", o.scale, "what the adapters beside the MLP are multiplied by (the paper: 0.5; Something-Something 1)");
  visit("drop-path", o.drop_path,
        "share of clips that skip a temporal or joint branch in the last block; none in the first");
  visit("drop-path-of", o.drop_path_of,
        "what is dropped: a clip, or a token's place in all clips as the authors' code does");
  visit("head-dropout", o.head_dropout, "share of the features dropped before the head in training");
  visit("positions-std", o.positions_std,
        "deviation of the positions in time at the start; 0, as the paper has it, leaves a saddle to begin from, which "
        "few clips do not leave");
  visit("random-base", o.random_base, "take a base model that was never trained");
}

// up(gelu(down(x))), exact GELU.
struct Bottleneck {
  at::Tensor down_weight, down_bias;  // [r, D], [r]
  at::Tensor up_weight, up_bias;      // [D, r], [D]
};

// In place of a block's attention: over the frames, then within them.
class Attention final : public nn::Insert {
 public:
  struct Shape {
    int64_t width = 0, inner = 0;
    bool spatial = true, temporal = true, temporal_in = false;
    tensor::Precision precision = tensor::Precision::fp32;  // of the frozen maps, whose type the adapters read
    double drop_path = 0;
    DropPathOf drop_path_of = DropPathOf::clip;
  };
  Attention(const Shape& shape, Random& random);

  // x [B * frames, T, D] -> the change that is added to it
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;  // without its temporal part a bottleneck behind attention

 private:
  at::Tensor over_frames(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const;

  Shape shape_;
  Bottleneck spatial_, temporal_, temporal_in_;
};

// Beside a block's MLP.
class Joint final : public nn::Insert {
 public:
  struct Shape {
    int64_t width = 0, inner = 0;
    double scale = 0.5;
    tensor::Precision precision = tensor::Precision::fp32;
    double drop_path = 0;
    DropPathOf drop_path_of = DropPathOf::clip;
  };
  Joint(const Shape& shape, Random& random);

  // x [B * frames, T, D] -> the change that is added to it
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;

 private:
  Shape shape_;
  Bottleneck adapter_;
};

// Positions in time, added to every token of a frame. ShapeError for clips of another number of frames.
class FramePositions final : public nn::Insert {
 public:
  FramePositions(int64_t frames, int64_t width, double std, Random& random);

  // x [B * frames, T, D] -> the same
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;

 private:
  at::Tensor positions_;  // [frames, D]
};

extern const Entry entry;

}  // namespace graft::methods::aim
