#include "graft/models/clip/clip.h"

#include <torch/types.h>

#include "graft/text/clip_tokenizer.h"

namespace graft::models::clip {

Clip::Clip(Parts parts, ModelInfo info, tensor::Precision precision, std::vector<Origin> origins)
    : parts_(std::move(parts)) {
  register_module("vision", parts_.vision);
  parts_.vision->register_module("proj", parts_.vision_proj);
  register_module("text", parts_.text);
  register_parameter("logit_scale", parts_.logit_scale, /*requires_grad=*/false);
  complete(std::move(info), precision, std::move(origins));
}

std::vector<nn::Joint*> Clip::joints() {
  auto all = parts_.vision->joints();
  all.push_back(&parts_.vision_proj->joint());
  for (auto* joint : parts_.text->joints())
    all.push_back(joint);
  return all;
}

int64_t Clip::feature_width(nn::Place place) const {
  return place == projected() ? parts_.width : parts_.vision->width();
}

at::Tensor Clip::run_images(const at::Tensor& value, nn::Place from, nn::Place to, nn::Context& context) {
  if (to < projected()) return parts_.vision->run(value, from, to, context);
  if (from == projected()) return value;
  const auto features = parts_.vision->run(value, from, pooled(), context);
  return nn::to_stream(parts_.vision_proj->forward(features, context));
}

TextReader Clip::text_reader() const {
  require_text("model", "class prompts need");
  return {parts_.tokenizer ? *parts_.tokenizer : text::ClipTokenizer::shared(), context_length(), parts_.truncate};
}

at::Tensor Clip::encode_text(const Prompts& prompts, nn::Context& context) {
  return parts_.text->encode(prompts, context);
}

nn::Place Clip::place_of(const std::string& name) const {
  if (!name.starts_with("vision.")) return projected();
  if (name.starts_with("vision.proj.")) return pooled();
  return parts_.vision->place_of(name.substr(7));
}

}  // namespace graft::models::clip
