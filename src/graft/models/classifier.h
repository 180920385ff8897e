// From features to logits: a linear head, or the class prompts of a CLIP. Either is a site (`head`), so that a
// method may stand before it (CLIP-Adapter) or beside it (Tip-Adapter). Several threads may run one at once, as of a
// tower.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "graft/core/random.h"
#include "graft/models/model.h"
#include "graft/nn/joint.h"

namespace graft::models {

// x [B, E] with rows of unit length; a row of zeros stays one.
at::Tensor unit(const at::Tensor& x);

// Texts as a tower reads them, padded to one length.
struct Prompts {
  nn::Value ids;            // [C, T] int64; the last present row is the end token's
  at::Tensor learned = {};  // [C, M] int64 rows that stand for learned words, or undefined
  int64_t cut = 0;          // how many of them were too long
};

class Classifier : public torch::nn::Module {
 public:
  // features [B, E], as the reader gives them (not normalised) -> logits [B, C]
  at::Tensor forward(const at::Tensor& features, nn::Context& context) const;
  nn::Joint& joint() { return joint_; }
  int64_t classes() const { return classes_; }
  // Class weights [C, E] of unit length where logits are scaled cosines (prompts); undefined for a linear head.
  virtual at::Tensor class_weights(nn::Context&) const { return {}; }
  virtual double scale() const { return 1; }

 protected:
  Classifier(int64_t features, int64_t classes);
  virtual at::Tensor frozen(const at::Tensor& features, nn::Context& context) const = 0;

 private:
  nn::Joint joint_;
  int64_t classes_;
};

// How a linear head starts.
enum class HeadInit {
  zero,        // logits 0: the first step's gradient does not depend on a draw
  normal,      // N(0, 0.02²), bias 0
  vpt,         // Kaiming normal by fan-out, bias -log(99) (Jia et al. 2022: what their code does)
  class_text,  // the class prompts' unit features times the logit scale, bias 0, on unit image features (WiSE-FT,
               // Wortsman et al. 2022); whoever has the prompts writes the weight
};

class LinearClassifier final : public Classifier {
 public:
  LinearClassifier(int64_t features, int64_t classes, HeadInit init, Random& random);
  at::Tensor weight, bias;  // [C, E], [C]; both train

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;

 private:
  bool unit_features_;  // features are brought to unit length first
};

// logits = exp(logit_scale) * cos(image, text). Several templates make an ensemble, normalised twice: each text, then
// the mean (Radford et al. 2021, arXiv:2103.00020). The text side is encoded once and kept while nothing in it trains.
class PromptClassifier final : public Classifier {
 public:
  // names: class names; templates: with {} for the name ("a photo of a {}."). With `learned_words` M > 0 the one prompt
  // holds M placeholder words at `position` (end: before the name; middle; front: after the name), to be replaced by an
  // insert at the words site (CoOp, Zhou et al. 2022, arXiv:2109.01134). An underscore in a name stands for a space.
  enum class Position { end, middle, front };
  PromptClassifier(std::shared_ptr<Model> model, std::vector<std::string> names, std::vector<std::string> templates,
                   int64_t learned_words = 0, Position position = Position::end);

  at::Tensor class_weights(nn::Context& context) const override;  // [C, E], unit rows
  double scale() const override;
  void forget();  // encode again at the next call; a step or a loaded adapter is noticed without it
  const std::vector<std::string>& names() const { return names_; }
  int64_t cut() const;  // prompts that were too long and lost their end
  // Classes whose prompts are the same to the text tower, so that nothing tells them apart: groups of two or more.
  std::vector<std::vector<size_t>> alike() const;

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;

 private:
  std::vector<at::Tensor> text_parameters() const;  // of the text tower and of what sits in it
  at::Tensor encode(nn::Context& context) const;    // [C, E]

  std::shared_ptr<Model> model_;
  std::vector<std::string> names_;
  std::vector<Prompts> prompts_;  // one a template
  mutable std::mutex keeping_;
  mutable at::Tensor kept_;          // [C, E], while the text side is at rest; under that lock, and so is its stamp
  mutable uint64_t kept_stamp_ = 0;  // of the parameters' versions that kept_ was made of
};

}  // namespace graft::models
