#include "graft/models/fcos/pyramid_head.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>

#include "graft/core/error.h"
#include "graft/models/blocks.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::fcos {
namespace {

constexpr int64_t kGroups = 32;
constexpr double kNormEps = 1e-5;
constexpr double kPrior = 0.01;     // Lin et al. 2017, section 4.1
constexpr double kFirstOffset = 1;  // Tian et al. 2019, section 3.2: exp(0)
constexpr const char* kPyramid = "backbone.fpn.";
constexpr const char* kOfClasses = "head.classification_head.";
constexpr const char* kOfBoxes = "head.regression_head.";
constexpr const char* kLogits = "logits";

std::string inner_name(size_t stage, bool old_names) {
  return fmt::format("{}inner_blocks.{}{}", kPyramid, stage, old_names ? "" : ".0");
}

}  // namespace

GroupNorm::GroupNorm(at::Tensor weight, at::Tensor bias) {
  weight_ = register_parameter("weight", std::move(weight), /*requires_grad=*/false);
  bias_ = register_parameter("bias", std::move(bias), /*requires_grad=*/false);
}

at::Tensor GroupNorm::forward(const at::Tensor& x) const {
  return at::group_norm(x, kGroups, weight_, bias_, kNormEps);
}

PyramidHead::PyramidHead(const HeadShape& shape, const Take& take, bool old_names)
    : Head(shape.inputs.back(), shape.classes), shape_(shape) {
  const auto convolution = [&](const std::string& ours, const std::string& theirs, int64_t outputs, int64_t inputs,
                               int64_t side, int64_t stride = 1) {
    const auto weight = take(ours + ".weight", theirs + ".weight", {outputs, inputs, side, side});
    return register_module(ours, std::make_shared<nn::Convolution>(weight, nn::Extent{1, stride},
                                                                   take(ours + ".bias", theirs + ".bias", {outputs})));
  };
  const auto width = shape.width;
  for (size_t s = 0; s < kStages; ++s) {
    const auto inner = inner_name(s, old_names);
    const auto layer = fmt::format("{}layer_blocks.{}{}", kPyramid, s, old_names ? "" : ".0");
    inner_[s] = convolution(fmt::format("inner{}", s), inner, width, shape.inputs[s], 1);
    layer_[s] = convolution(fmt::format("layer{}", s), layer, width, width, 3);
  }
  p6_ = convolution("p6", fmt::format("{}extra_blocks.p6", kPyramid), width, width, 3, 2);
  p7_ = convolution("p7", fmt::format("{}extra_blocks.p7", kPyramid), width, width, 3, 2);
  const auto tower = [&](const std::string& ours, const std::string& theirs) {
    Tower parts;
    for (int64_t k = 0; k < shape.convolutions; ++k) {
      const auto conv =
          convolution(fmt::format("{}{}", ours, k), fmt::format("{}conv.{}", theirs, 3 * k), width, width, 3);
      const auto norm = fmt::format("{}_norm{}", ours, k), their_norm = fmt::format("{}conv.{}", theirs, 3 * k + 1);
      const auto weight = take(norm + ".weight", their_norm + ".weight", {width});
      parts.emplace_back(conv, register_module(norm, std::make_shared<GroupNorm>(
                                                         weight, take(norm + ".bias", their_norm + ".bias", {width}))));
    }
    return parts;
  };
  of_classes_ = tower("classes", kOfClasses);
  of_boxes_ = tower("boxes", kOfBoxes);
  logits_ = convolution(kLogits, fmt::format("{}cls_logits", kOfClasses), shape.classes, width, 3);
  offsets_ = convolution("offsets", fmt::format("{}bbox_reg", kOfBoxes), 4, width, 3);
  centre_ = convolution("centre", fmt::format("{}bbox_ctrness", kOfBoxes), 1, width, 3);
  for (auto& parameter : parameters())
    parameter.set_requires_grad(true);
}

std::vector<at::Tensor> PyramidHead::pyramid(const std::array<at::Tensor, kStages>& maps) const {
  std::vector<at::Tensor> levels(kStages);
  at::Tensor coarser;
  for (size_t s = kStages; s-- > 0;) {
    auto own = inner_[s]->forward(maps[s]);
    if (coarser.defined()) own = own + at::upsample_nearest2d(coarser, {own.size(2), own.size(3)});
    levels[s] = layer_[s]->forward(own);
    coarser = own;
  }
  levels.push_back(p6_->forward(levels.back()));
  levels.push_back(p7_->forward(at::relu(levels.back())));
  return levels;
}

at::Tensor PyramidHead::through(const Tower& tower, at::Tensor x) {
  for (const auto& [convolution, norm] : tower)
    x = at::relu(norm->forward(convolution->forward(x)));
  return x;
}

std::vector<PyramidHead::Level> PyramidHead::levels(const std::array<at::Tensor, kStages>& maps) const {
  std::vector<Level> levels;
  for (const auto& map : pyramid(maps)) {
    const auto boxes = through(of_boxes_, map);
    levels.push_back(
        {logits_->forward(through(of_classes_, map)), at::relu(offsets_->forward(boxes)), centre_->forward(boxes)});
  }
  return levels;
}

at::Tensor PyramidHead::frozen(const at::Tensor&, nn::Context&) const {
  throw InternalError("fcos", "a detector's head reads three places of its network, and was given one.");
}

bool has_old_names(const CheckpointReader& reader) {
  return reader.has(inner_name(0, /*old_names=*/true) + ".weight");
}

bool of_classes(const std::string& ours) {
  return ours.starts_with(kLogits);
}

HeadShape shape_of(const CheckpointReader& reader, std::array<int64_t, kStages> inputs, bool old_names) {
  HeadShape shape{.inputs = inputs};
  shape.width = sizes_of(reader, inner_name(0, old_names) + ".weight", 4)[0];
  shape.classes = sizes_of(reader, fmt::format("{}cls_logits.weight", kOfClasses), 4)[0];
  shape.convolutions = 0;
  while (reader.has(fmt::format("{}conv.{}.weight", kOfClasses, 3 * shape.convolutions)))
    ++shape.convolutions;
  if (shape.width % kGroups != 0)
    throw ModelError("fcos", "a pyramid of {} channels: expected a multiple of {}, the groups of its norms.",
                     shape.width, kGroups);
  return shape;
}

at::Tensor drawn(const std::string& theirs, const std::vector<int64_t>& shape, const Random& random) {
  const bool bias = theirs.ends_with("bias"), norm = shape.size() == 1 && !bias;
  if (norm) return at::ones(shape, tensor::on_cpu());
  if (bias) {
    const double first = theirs.ends_with("cls_logits.bias") ? -std::log(1 / kPrior - 1)
                         : theirs.ends_with("bbox_reg.bias") ? kFirstOffset
                                                             : 0;
    return at::full(shape, first, tensor::on_cpu());
  }
  auto weight = at::empty(shape, tensor::on_cpu());
  Random own = random.fork(theirs);
  auto* values = weight.data_ptr<float>();
  const double bound = std::sqrt(3.0 / static_cast<double>(shape[1] * shape[2] * shape[3]));
  const bool of_pyramid = theirs.starts_with(kPyramid);
  for (int64_t i = 0; i < weight.numel(); ++i)
    values[i] = static_cast<float>(of_pyramid ? own.uniform(-bound, bound) : 0.01 * own.normal());
  return weight;
}

}  // namespace graft::models::fcos
