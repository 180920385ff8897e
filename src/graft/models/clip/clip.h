// CLIP with a ViT image tower (Radford et al. 2021, arXiv:2103.00020): images and texts in one space. The ResNet image
// towers are left out.
#pragma once

#include <memory>

#include "graft/models/clip/text_tower.h"
#include "graft/models/model.h"
#include "graft/models/vit/vision_tower.h"

namespace graft::models::clip {

struct Parts {
  std::shared_ptr<VisionTower> vision;
  std::shared_ptr<nn::Linear> vision_proj;  // [E, D]
  std::shared_ptr<TextTower> text;
  at::Tensor logit_scale;                                // its logarithm, a scalar
  int64_t width = 0;                                     // E, of the space that both share
  std::shared_ptr<const text::ClipTokenizer> tokenizer;  // nullptr: CLIP's own
  bool truncate = false;                                 // prompts that are too long
};

class Clip final : public Model {
 public:
  // Parameters: vision.*, vision.proj.weight, text.*, logit_scale
  Clip(Parts parts, ModelInfo info, tensor::Precision precision, std::vector<Origin> origins);

  std::vector<nn::Joint*> joints() override;

  int64_t blocks() const override { return parts_.vision->blocks(); }
  nn::Place pooled() const override { return parts_.vision->pooled(); }
  nn::Place projected() const override { return pooled() + 1; }
  int64_t feature_width(nn::Place place) const override;
  at::Tensor run_images(const at::Tensor& value, nn::Place from, nn::Place to, nn::Context& context) override;

  at::Tensor feature_rows(const at::Tensor& value, const nn::Layout& layout) const override {
    return parts_.vision->feature_rows(value, layout);
  }

  bool has_text() const override { return info_.no_text.empty(); }
  int64_t text_width() const override { return parts_.text->width(); }
  int64_t context_length() const override { return parts_.text->context_length(); }
  TextReader text_reader() const override;
  at::Tensor encode_text(const Prompts& prompts, nn::Context& context) override;
  at::Tensor embed_words(const at::Tensor& ids) override { return parts_.text->embed(ids); }
  at::Tensor logit_scale() const override { return parts_.logit_scale.exp(); }

  at::Tensor positions_at(data::Size image) const override { return parts_.vision->positions_at(image); }
  nn::Place place_of(const std::string& name) const override;

 private:
  Parts parts_;
};

}  // namespace graft::models::clip
