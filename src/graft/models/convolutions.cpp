#include "graft/models/convolutions.h"

#include <torch/types.h>

#include <string>

#include "graft/core/error.h"

namespace graft::models {

void register_path(torch::nn::Module& of, const std::vector<NormedConvolution>& path) {
  for (size_t i = 0; i < path.size(); ++i) {
    of.register_module("conv" + std::to_string(i + 1), path[i].convolution);
    of.register_module("norm" + std::to_string(i + 1), path[i].norm);
  }
}

std::vector<nn::Joint*> joints_of(const std::vector<NormedConvolution>& path) {
  std::vector<nn::Joint*> all;
  for (const auto& each : path) {
    if (!each.convolution->joint().site().path.empty()) all.push_back(&each.convolution->joint());
  }
  return all;
}

ConvolutionPath::ConvolutionPath(std::vector<NormedConvolution> path, std::optional<nn::MaxPool> pool)
    : path_(std::move(path)), pool_(pool) {
  register_path(*this, path_);
}

at::Tensor ConvolutionPath::forward(at::Tensor x, const nn::Context& context) const {
  for (const auto& each : path_)
    x = each(x, context).relu_();  // of a norm's own result
  return pool_ ? (*pool_)(x) : x;
}

void ConvolutionPath::forward(nn::Stream& stream, const nn::Context& context) const {
  stream = nn::Stream(forward(stream.value(), context));
}

at::Tensor channels_last(const at::Tensor& maps) {
  return maps.movedim(1, -1);
}

at::Tensor channels_second(const at::Tensor& maps) {
  return maps.movedim(-1, 1);
}

at::Tensor clips_of(const nn::Value& pixels, int64_t least) {
  const auto frames = pixels.layout.frames;
  if (frames < least) {
    throw DataError("model", "a clip of {} frame{}: expected {} or more, as this network strides over time.", frames,
                    frames == 1 ? "" : "s", least);
  }
  const auto& x = pixels.x;
  return x.view({-1, frames, x.size(1), x.size(2), x.size(3)})
      .transpose(1, 2)
      .contiguous(at::MemoryFormat::ChannelsLast3d);
}

at::Tensor mean_of_maps(const nn::Value& value) {
  auto rows = value.x;
  if (rows.dim() > 2) rows = rows.flatten(1, -2).mean(1);
  return nn::mean_over_frames(rows, value.layout.frames);
}

}  // namespace graft::models
