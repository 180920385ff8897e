// What stands for the model where somebody's features are all there is of it: one tower without sites that gives on
// what it reads, so that whatever runs on a model's kept features runs on these, to the same bits.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "graft/data/feature_file.h"
#include "graft/models/head.h"
#include "graft/models/model.h"

namespace graft::models {

inline constexpr const char* kFeatureFamily = "features";

// `source` is where they come from, for messages. Class features, where there are any, are its class prompts.
std::shared_ptr<Model> feature_model(const data::FeatureRows& rows, const std::string& source);

// Class features that came with the rows, as class prompts: logits = scale * cos(row, class).
class GivenPrompts final : public Head {
 public:
  explicit GivenPrompts(const Model& model);
  HeadKind kind() const override { return HeadKind::prompts; }
  at::Tensor class_weights(nn::Context&) const override { return weights_; }  // [C, E], unit rows
  double scale() const override { return scale_; }

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;

 private:
  at::Tensor weights_;
  double scale_;
};

}  // namespace graft::models
