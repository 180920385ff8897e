#include "graft/models/resnet/residual_tower.h"

#include <torch/types.h>

#include <algorithm>
#include <string>

#include "graft/nn/recompute.h"

namespace graft::models {

ResidualBlock::ResidualBlock(ResidualParts parts, nn::Site whole, nn::Site path)
    : parts_(std::move(parts)), whole_joint_(std::move(whole)), path_joint_(std::move(path)) {
  register_path(*this, parts_.path);
  if (!parts_.shortcut) return;
  register_module("shortcut", parts_.shortcut->convolution);
  register_module("shortcut_norm", parts_.shortcut->norm);
}

std::vector<nn::Joint*> ResidualBlock::joints() {
  auto all = joints_of(parts_.path);
  if (parts_.shortcut) {
    for (auto* joint : joints_of({*parts_.shortcut}))
      all.push_back(joint);
  }
  for (auto* joint : {&path_joint_, &whole_joint_}) {
    if (!joint->site().path.empty()) all.push_back(joint);
  }
  return all;
}

at::Tensor ResidualBlock::path(const at::Tensor& x, const nn::Context& context) const {
  auto y = x;
  for (size_t i = 0; i < parts_.path.size(); ++i) {
    if (i > 0) y.relu_();  // of a norm's own result
    y = parts_.path[i](y, context);
  }
  return y;
}

at::Tensor ResidualBlock::beside(const at::Tensor& x, const nn::Context& context) const {
  if (parts_.shortcut) return (*parts_.shortcut)(x, context);
  const auto more = outputs() - x.size(1);
  if (more == 0 && parts_.bare_stride == 1) return x;
  const auto some = x.slice(2, 0, std::nullopt, parts_.bare_stride).slice(3, 0, std::nullopt, parts_.bare_stride);
  return at::constant_pad_nd(some, {0, 0, 0, 0, more / 2, more - more / 2});
}

at::Tensor ResidualBlock::frozen(const at::Tensor& x, const nn::Context& context) const {
  const auto read = parts_.pool ? (*parts_.pool)(x) : x;
  const nn::Frozen run_path([&](const at::Tensor& u) { return path(u, context); });
  const auto change = path_joint_.empty() ? path(read, context) : path_joint_.run(read, run_path, context);
  return (change + beside(read, context)).relu_();
}

at::Tensor ResidualBlock::forward(const at::Tensor& x, const nn::Context& context) const {
  if (whole_joint_.empty()) return frozen(x, context);
  const nn::Frozen whole([&](const at::Tensor& u) { return frozen(u, context); });
  return whole_joint_.run(x, whole, context);
}

void ResidualBlock::forward(nn::Stream& stream, const nn::Context& context) const {
  stream = nn::Stream(forward(stream.value(), context));
}

ResidualTower::ResidualTower(std::shared_ptr<ConvolutionPath> stem, std::vector<std::shared_ptr<MapBlock>> blocks,
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

std::vector<nn::Joint*> ResidualTower::joints() {
  auto all = stem_->joints();
  for (const auto& block : blocks_) {
    const auto own = block->joints();
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

at::Tensor ResidualTower::rows(const nn::Value& value) const {
  return mean_of_maps(value);
}

nn::Value ResidualTower::run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const {
  check_way(from, to);
  if (from == to) return value;
  nn::Stream maps{at::Tensor()};
  const auto pass = [&](const std::shared_ptr<nn::Rerunnable>& piece, bool again) {
    again ? nn::forward_to_rerun(piece, maps, context) : piece->forward(maps, context);
  };
  if (from > 0 && from < pooled()) maps = nn::Stream(channels_second(value.x));
  if (from == 0) {
    maps = nn::Stream(over_time_ ? clips_of(value, least_frames_) : value.x.contiguous(at::MemoryFormat::ChannelsLast));
    pass(stem_, context.recompute);
    if (over_time_) value.layout.frames = 1;
    from = 1;
  }
  // To run the last block again would spare nothing: its backward is the first.
  for (; from < std::min(to, 1 + blocks()); ++from)
    pass(blocks_[static_cast<size_t>(from - 1)], context.recompute && from < blocks());
  value.x = channels_last(maps.value());
  if (to == pooled()) return {mean_of_maps(value)};
  return value;
}

}  // namespace graft::models
