#include "graft/models/deeplab/atrous_pyramid.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <functional>
#include <utility>

#include "graft/core/random.h"
#include "graft/models/batch_norms.h"
#include "graft/models/blocks.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::deeplab {
namespace {

constexpr double kEps = 1e-5;     // of PyTorch's batch norms
constexpr double kDropped = 0.5;  // torchvision's
constexpr int64_t kWidth = 256;   // likewise
constexpr int64_t kFinestStride = 8;

at::Tensor dropped(const at::Tensor& x, const nn::Context& context) {
  const auto kept = at::empty_like(x).bernoulli_(1 - kDropped, context.generator);
  return x * kept / (1 - kDropped);
}

// Where a convolution's and a norm's tensors come from, by their names.
struct Origins {
  std::function<at::Tensor(const std::string& ours, const std::string& theirs, std::vector<int64_t> shape)> weight;
  std::function<std::shared_ptr<nn::BatchNorm>(const std::string& ours, const std::string& theirs, int64_t width)> norm;
};

std::shared_ptr<AtrousPyramid> make(const Origins& from, const std::string& ours, const std::string& theirs,
                                    int64_t inputs, int64_t width, int64_t output_stride) {
  const auto unit = [&](const std::string& our_conv, const std::string& our_norm, const std::string& conv,
                        const std::string& norm, std::vector<int64_t> shape, int64_t rate) {
    const auto weight = from.weight(ours + our_conv + ".weight", theirs + conv + ".weight", std::move(shape));
    return NormedConvolution{std::make_shared<nn::Convolution>(weight, nn::Extent{}, at::Tensor(), nn::Extent{1, rate}),
                             from.norm(ours + our_norm, theirs + norm, width)};
  };
  PyramidParts parts;
  parts.scales.push_back(unit("conv1", "norm1", "0.convs.0.0", "0.convs.0.1", {width, inputs, 1, 1}, 1));
  const auto rates = rates_at(output_stride);
  for (size_t i = 0; i < rates.size(); ++i) {
    parts.scales.push_back(unit(fmt::format("conv{}", i + 2), fmt::format("norm{}", i + 2),
                                fmt::format("0.convs.{}.0", i + 1), fmt::format("0.convs.{}.1", i + 1),
                                {width, inputs, 3, 3}, rates[i]));
  }
  const auto all = static_cast<int64_t>(rates.size()) + 2;
  parts.whole = unit("whole", "whole_norm", fmt::format("0.convs.{}.1", all - 1), fmt::format("0.convs.{}.2", all - 1),
                     {width, inputs, 1, 1}, 1);
  parts.join = unit("join", "join_norm", "0.project.0", "0.project.1", {width, all * width, 1, 1}, 1);
  parts.last = unit("last", "last_norm", "1", "2", {width, width, 3, 3}, 1);
  return std::make_shared<AtrousPyramid>(std::move(parts));
}

}  // namespace

std::vector<int64_t> rates_at(int64_t output_stride) {
  const auto coarser = std::max<int64_t>(1, output_stride / kFinestStride);
  return {12 / coarser, 24 / coarser, 36 / coarser};
}

AtrousPyramid::AtrousPyramid(PyramidParts parts) : parts_(std::move(parts)) {
  register_path(*this, parts_.scales);
  for (const auto& [name, part] :
       {std::pair("whole", &parts_.whole), std::pair("join", &parts_.join), std::pair("last", &parts_.last)}) {
    register_module(name, part->convolution);
    register_module(std::string(name) + "_norm", part->norm);
  }
}

at::Tensor AtrousPyramid::whole(const at::Tensor& x, const nn::Context& context) const {
  auto inner = context;
  if (x.size(0) == 1) inner.training = false;
  return parts_.whole(x.mean({2, 3}, /*keepdim=*/true), inner).relu_().expand({-1, -1, x.size(2), x.size(3)});
}

at::Tensor AtrousPyramid::forward(const at::Tensor& x, const nn::Context& context) const {
  std::vector<at::Tensor> scales;
  for (const auto& scale : parts_.scales)
    scales.push_back(scale(x, context).relu_());
  scales.push_back(whole(x, context));
  auto joined = parts_.join(at::cat(scales, 1), context).relu_();
  const bool trains = context.training && parts_.join.convolution->parameters().front().requires_grad();
  if (trains) joined = dropped(joined, context);
  return parts_.last(joined, context).relu_();
}

void AtrousPyramid::forward(nn::Stream& stream, const nn::Context& context) const {
  stream = nn::Stream(forward(stream.value(), context));
}

std::shared_ptr<AtrousPyramid> read_pyramid(CheckpointReader& reader, const std::string& ours,
                                            const std::string& theirs, int64_t inputs, int64_t output_stride) {
  const auto width = sizes_of(reader, theirs + "0.convs.0.0.weight", 4)[0];
  const Origins file{
      [&](const auto& our, const auto& their, auto shape) { return reader.take(our, their, std::move(shape)); },
      [&](const auto& our, const auto& their, int64_t channels) {
        return read_batch_norm(reader, our, their, channels, kEps);
      }};
  return make(file, ours, theirs, inputs, width, output_stride);
}

std::shared_ptr<AtrousPyramid> new_pyramid(CheckpointReader& reader, const std::string& ours, const std::string& theirs,
                                           int64_t inputs, int64_t output_stride) {
  const auto drawn = [&](const std::string& our, const std::string& their, std::vector<int64_t> shape) {
    auto weight = at::empty(shape, tensor::on_cpu());
    Random random = Random(0).fork(their);
    const double bound = 1 / std::sqrt(static_cast<double>(shape[1] * shape[2] * shape[3]));  // U(±1 / sqrt(fan-in))
    auto* values = weight.data_ptr<float>();
    for (int64_t i = 0; i < weight.numel(); ++i)
      values[i] = static_cast<float>(random.uniform(-bound, bound));
    return reader.make(our, their, weight);
  };
  const auto norm = [&](const std::string& our, const std::string& their, int64_t width) {
    const auto filled = [&](const char* name, double value) {
      return reader.make(our + "." + name, their + "." + name, at::full({width}, value, tensor::on_cpu()));
    };
    const auto weight = filled("weight", 1), bias = filled("bias", 0), mean = filled("running_mean", 0);
    return std::make_shared<nn::BatchNorm>(weight, bias, mean, filled("running_var", 1), kEps);
  };
  return make({drawn, norm}, ours, theirs, inputs, kWidth, output_stride);
}

}  // namespace graft::models::deeplab
