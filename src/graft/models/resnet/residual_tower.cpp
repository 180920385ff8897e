#include "graft/models/resnet/residual_tower.h"

#include <torch/types.h>

#include <algorithm>
#include <string>

namespace graft::models {

ResidualBlock::ResidualBlock(ResidualParts parts) : parts_(std::move(parts)) {
  register_path(*this, parts_.path);
  if (!parts_.shortcut) return;
  register_module("shortcut", parts_.shortcut->convolution);
  register_module("shortcut_norm", parts_.shortcut->norm);
}

at::Tensor ResidualBlock::beside(const at::Tensor& x) const {
  if (parts_.shortcut) return (*parts_.shortcut)(x);
  const auto more = outputs() - x.size(1);
  if (more == 0 && parts_.bare_stride == 1) return x;
  const auto some = x.slice(2, 0, std::nullopt, parts_.bare_stride).slice(3, 0, std::nullopt, parts_.bare_stride);
  return at::constant_pad_nd(some, {0, 0, 0, 0, more / 2, more - more / 2});
}

at::Tensor ResidualBlock::forward(const at::Tensor& x) const {
  const auto read = parts_.pool ? (*parts_.pool)(x) : x;
  auto y = read;
  for (size_t i = 0; i < parts_.path.size(); ++i) {
    if (i > 0) y.relu_();  // of a norm's own result
    y = parts_.path[i](y);
  }
  return (y + beside(read)).relu_();
}

ResidualTower::ResidualTower(std::shared_ptr<ConvolutionPath> stem, std::vector<std::shared_ptr<ResidualBlock>> blocks,
                             bool over_time, int64_t least_frames)
    : Tower(static_cast<int64_t>(blocks.size()), /*projects=*/false, "pixels"),
      stem_(std::move(stem)),
      blocks_(std::move(blocks)),
      over_time_(over_time),
      least_frames_(least_frames) {
  register_module("stem", stem_);
  const auto all = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (size_t k = 0; k < blocks_.size(); ++k)
    all->register_module(std::to_string(k), blocks_[k]);
}

int64_t ResidualTower::width(nn::Place place) const {
  if (place <= 1) return stem_->outputs();
  return blocks_[static_cast<size_t>(std::min(place, 1 + blocks()) - 2)]->outputs();
}

at::Tensor ResidualTower::rows(const nn::Value& value) const {
  return mean_of_maps(value);
}

nn::Value ResidualTower::run(nn::Value value, nn::Place from, nn::Place to, const nn::Context&) const {
  check_way(from, to);
  if (from == to) return value;
  at::Tensor maps;
  if (from > 0 && from < pooled()) maps = channels_second(value.x);
  if (from == 0) {
    maps = stem_->forward(over_time_ ? clips_of(value, least_frames_)
                                     : value.x.contiguous(at::MemoryFormat::ChannelsLast));
    if (over_time_) value.layout.frames = 1;
    from = 1;
  }
  for (; from < std::min(to, 1 + blocks()); ++from)
    maps = blocks_[static_cast<size_t>(from - 1)]->forward(maps);
  value.x = channels_last(maps);
  if (to == pooled()) return {mean_of_maps(value)};
  return value;
}

}  // namespace graft::models
