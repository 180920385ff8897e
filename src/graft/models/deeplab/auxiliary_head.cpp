#include "graft/models/deeplab/auxiliary_head.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "graft/models/checkpoint.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::deeplab {
namespace {

constexpr double kNormEps = 1e-5;      // of PyTorch's batch norms
constexpr double kShareDropped = 0.1;  // torchvision's
constexpr int64_t kNarrower = 4;       // likewise: the inputs' channels to its own

// U(±1 / sqrt(fan-in))
at::Tensor drawn_as_pytorch(std::vector<int64_t> shape, int64_t fan_in, Random random) {
  auto weight = at::empty(shape, tensor::on_cpu());
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  auto* values = weight.data_ptr<float>();
  for (int64_t i = 0; i < weight.numel(); ++i)
    values[i] = static_cast<float>(random.uniform(-bound, bound));
  return weight;
}

// Ours below the module, and torchvision's.
constexpr std::array<std::pair<const char*, const char*>, 7> kNames = {
    {{"conv.weight", "aux_classifier.0.weight"},
     {"norm.weight", "aux_classifier.1.weight"},
     {"norm.bias", "aux_classifier.1.bias"},
     {"norm.running_mean", "aux_classifier.1.running_mean"},
     {"norm.running_var", "aux_classifier.1.running_var"},
     {"classes.weight", "aux_classifier.4.weight"},
     {"classes.bias", "aux_classifier.4.bias"}}};
constexpr size_t kOfMaps = 5;  // of them; the others are the classes'

nn::NamedTensors all_of(const torch::nn::Module& module) {
  nn::NamedTensors all;
  for (const auto& parameter : module.named_parameters())
    all[parameter.key()] = parameter.value();
  for (const auto& buffer : module.named_buffers())
    all[buffer.key()] = buffer.value();
  return all;
}

}  // namespace

std::optional<nn::Place> auxiliary_place(Model& model) {
  if (!model.named_parameters().contains(fmt::format("vision.blocks.{}.join.weight", model.reader().blocks() - 1)))
    return {};
  std::optional<nn::Place> place;
  for (const auto* joint : model.joints()) {
    const auto& site = joint->site();
    if (site.checkpoint.find("layer3.") != std::string::npos) place = std::max(place.value_or(0), 2 + site.block);
  }
  return place;
}

AuxiliaryHead::AuxiliaryHead(int64_t inputs, int64_t classes, Random random) {
  const auto width = std::max<int64_t>(1, inputs / kNarrower);
  conv_ = register_module("conv",
                          std::make_shared<nn::Convolution>(
                              drawn_as_pytorch({width, inputs, 3, 3}, 9 * inputs, random.fork("conv")), nn::Extent{}));
  norm_ =
      register_module("norm", std::make_shared<nn::BatchNorm>(
                                  at::ones({width}, tensor::on_cpu()), at::zeros({width}, tensor::on_cpu()),
                                  at::zeros({width}, tensor::on_cpu()), at::ones({width}, tensor::on_cpu()), kNormEps));
  classes_ = register_module("classes", std::make_shared<nn::Convolution>(
                                            drawn_as_pytorch({classes, width, 1, 1}, width, random.fork("classes")),
                                            nn::Extent{}, drawn_as_pytorch({classes}, width, random.fork("bias"))));
  norm_->go_by_batch(true);
  for (auto& parameter : parameters())
    parameter.set_requires_grad(true);
}

at::Tensor AuxiliaryHead::forward(const at::Tensor& maps, const nn::Context& context) const {
  auto x = norm_->forward(conv_->forward(maps), context).relu_();
  if (context.training)
    x = x * at::empty_like(x).bernoulli_(1 - kShareDropped, context.generator) / (1 - kShareDropped);
  return classes_->forward(x);
}

AuxiliaryHead::Began AuxiliaryHead::begin_with(const io::Weights& weights) {
  const torch::NoGradGuard no_grad;
  auto own = all_of(*this);
  const auto fits = [&](size_t first, size_t last) {
    return std::all_of(kNames.begin() + first, kNames.begin() + last, [&](const auto& name) {
      const auto* view = weights.find(name.second);
      return view && own.at(name.first).sizes().equals(view->shape);
    });
  };
  const Began began{fits(0, kOfMaps), fits(kOfMaps, kNames.size())};
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (i < kOfMaps ? began.maps : began.maps && began.classes)
      own.at(kNames[i].first).copy_(to_float(*weights.find(kNames[i].second)));
  }
  return {began.maps, began.maps && began.classes};
}

nn::NamedTensors AuxiliaryHead::to_checkpoint() const {
  const auto own = all_of(*this);
  nn::NamedTensors theirs;
  for (const auto& [our, their] : kNames)
    theirs[their] = own.at(our).detach();
  return theirs;
}

nn::Parameters AuxiliaryHead::trained() const {
  nn::Parameters all;
  for (const auto& parameter : named_parameters())
    all.emplace_back("auxiliary." + parameter.key(), parameter.value());
  return all;
}

nn::Parameters AuxiliaryHead::statistics() const {
  nn::Parameters all;
  for (const auto& buffer : named_buffers())
    all.emplace_back("auxiliary." + buffer.key(), buffer.value());
  return all;
}

}  // namespace graft::models::deeplab
