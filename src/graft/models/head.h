// From what a tower gives to what a task asks: a linear head, a CLIP's class prompts (clip/class_prompts.h), or a head
// that a task brings along. A head is a site (`head`), so that a method may stand before it (CLIP-Adapter) or beside it
// (Tip-Adapter). Several threads may run one at once, as of a tower.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "graft/models/tower.h"
#include "graft/nn/insert.h"
#include "graft/nn/joint.h"
#include "graft/nn/value.h"

namespace graft::models {

// x [B, E] with rows of unit length; a row of zeros stays one.
at::Tensor unit(const at::Tensor& x);

enum class HeadKind { own, linear, prompts };                     // own: the task's (a vocabulary, a map's classes)
std::vector<std::pair<HeadKind, std::string>> choices(HeadKind);  // that a person may choose among
std::string to_string(HeadKind kind);

class Head : public torch::nn::Module {
 public:
  virtual HeadKind kind() const { return HeadKind::own; }

  // Whether it reads one row an example, pooled as the tower does it. Else it reads all that the tower gives there,
  // tokens or a map, and `context` says what the rows are.
  virtual bool reads_rows() const { return true; }

  // Of a head that answers for each place of a map: the place of the tower whose values it reads so (Tower::map).
  virtual std::optional<nn::Place> map_at() const { return {}; }

  // Whether what answers is compared with goes through the text tower.
  virtual bool reads_texts() const { return kind() == HeadKind::prompts; }

  // value: the tower's, at the place that the head reads -> outputs, of rows [B, C], of maps [B, C, h, w]
  at::Tensor answer(const Tower& tower, const nn::Value& value, nn::Context& context) const;

  // features as the tower gives them, not normalised; of rows [B, E] -> outputs [B, C]
  at::Tensor forward(const at::Tensor& features, nn::Context& context) const;

  nn::Joint& joint() { return joint_; }
  int64_t outputs() const { return outputs_; }

  // Class weights [C, E] of unit length where logits are scaled cosines (prompts); undefined for a linear head.
  virtual at::Tensor class_weights(nn::Context&) const { return {}; }
  virtual double scale() const { return 1; }

  // What answers are compared with, of what is told of the examples: that itself, unless it has to be computed, as of
  // captions (pair_head.h).
  virtual at::Tensor truth(const at::Tensor& told, nn::Context&) const { return told; }

  // Whether it learns by an objective of its own in place of the task's; that of what it reads, as answer() has it, and
  // of what is told of the examples.
  virtual bool has_own_loss() const { return false; }
  at::Tensor own_loss(const Tower& tower, const nn::Value& value, const at::Tensor& target, nn::Context& context) const;
  virtual at::Tensor own_loss(const at::Tensor& features, const at::Tensor& target, nn::Context& context) const;

  // What was computed once and kept is computed again at the next call. For one who changed the model's parameters in a
  // way that their versions do not show.
  virtual void forget() {}

 protected:
  Head(int64_t features, int64_t outputs);
  virtual at::Tensor frozen(const at::Tensor& features, nn::Context& context) const = 0;

 private:
  nn::Joint joint_;
  int64_t outputs_;
};

// How a linear head starts.
enum class HeadInit {
  zero,        // logits 0: the first step's gradient does not depend on a draw
  normal,      // N(0, 0.02²), bias 0
  tsn,         // N(0, 0.01²), bias 0 (Wang et al. 2016, arXiv:1608.00859, and the video models after it)
  uniform,     // U(-1/sqrt(E), 1/sqrt(E)), weight and bias: PyTorch's own
  vpt,         // Kaiming normal by fan-out, bias -log(99) (Jia et al. 2022: what their code does)
  class_text,  // the class prompts' unit features times the logit scale, bias 0, on unit image features (WiSE-FT,
               // Wortsman et al. 2022); whoever has the prompts writes the weight
};

// weight [C, E] and bias [C], zeros so far.
void start_linear(const at::Tensor& weight, const at::Tensor& bias, HeadInit init, Random& random);

class LinearHead final : public Head {
 public:
  LinearHead(int64_t features, int64_t outputs, HeadInit init, Random& random);
  HeadKind kind() const override { return HeadKind::linear; }
  bool reads_unit_features() const { return unit_features_; }  // features are brought to unit length first
  at::Tensor weight, bias;                                     // [C, E], [C]; both train

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;

 private:
  bool unit_features_;
};

}  // namespace graft::models
