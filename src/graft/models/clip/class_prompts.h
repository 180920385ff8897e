// A CLIP's classes by their names: texts that name them, encoded, are the weights of the head.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "graft/models/clip/prompts.h"
#include "graft/models/head.h"
#include "graft/models/model.h"

namespace graft::models {

// logits = exp(logit_scale) * cos(image, text). Several templates make an ensemble, normalised twice: each text, then
// the mean (Radford et al. 2021, arXiv:2103.00020). The text side is encoded once and kept while nothing in it trains.
class ClassPrompts final : public Head {
 public:
  // names: class names; templates: with {} for the name ("a photo of a {}."). With `learned_words` M > 0 the one prompt
  // holds M placeholder words, to be replaced by an insert at the words site (CoOp, Zhou et al. 2022,
  // arXiv:2109.01134). An underscore in a name stands for a space.
  ClassPrompts(std::shared_ptr<Model> model, std::vector<std::string> names, std::vector<std::string> templates,
               int64_t learned_words = 0, WordPosition position = WordPosition::end);

  HeadKind kind() const override { return HeadKind::prompts; }
  at::Tensor class_weights(nn::Context& context) const override;  // [C, E], unit rows
  double scale() const override;
  void forget() override;  // a step or a loaded adapter is noticed without it
  const std::vector<std::string>& names() const { return names_; }
  int64_t cut() const;  // prompts that were too long and lost their end
  // Classes whose prompts are the same to the text tower, so that nothing tells them apart: groups of two or more.
  std::vector<std::vector<size_t>> alike() const;

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;

 private:
  at::Tensor encode(nn::Context& context) const;  // [C, E]

  std::shared_ptr<Model> model_;
  std::vector<std::string> names_;
  std::vector<Prompts> prompts_;  // one a template
  mutable std::mutex keeping_;
  mutable at::Tensor kept_;          // [C, E], while the text side is at rest; under that lock, and so is its stamp
  mutable uint64_t kept_stamp_ = 0;  // of the parameters' versions that kept_ was made of
};

}  // namespace graft::models
