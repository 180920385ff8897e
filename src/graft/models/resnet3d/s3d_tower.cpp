#include "graft/models/resnet3d/s3d_tower.h"

#include <torch/types.h>

#include <algorithm>
#include <string>

namespace graft::models {

InceptionBlock::InceptionBlock(std::optional<nn::MaxPool> before,
                               std::array<std::shared_ptr<ConvolutionPath>, 4> branches)
    : before_(before), branches_(std::move(branches)) {
  for (size_t i = 0; i < branches_.size(); ++i)
    register_module("branch" + std::to_string(i), branches_[i]);
}

at::Tensor InceptionBlock::forward(const at::Tensor& x, const nn::Context& context) const {
  constexpr nn::MaxPool kNeighbours{{3, 3}, {1, 1}, {1, 1}};
  const auto read = before_ ? (*before_)(x) : x;
  return at::cat({branches_[0]->forward(read, context), branches_[1]->forward(read, context),
                  branches_[2]->forward(read, context), branches_[3]->forward(kNeighbours(read), context)},
                 1);
}

int64_t InceptionBlock::outputs() const {
  int64_t sum = 0;
  for (const auto& branch : branches_)
    sum += branch->outputs();
  return sum;
}

S3dTower::S3dTower(std::vector<std::shared_ptr<ConvolutionPath>> stem,
                   std::vector<std::shared_ptr<InceptionBlock>> blocks)
    : Tower(static_cast<int64_t>(blocks.size()), /*projects=*/false, "pixels"),
      stem_(std::move(stem)),
      blocks_(std::move(blocks)) {
  const auto first = register_module("stem", std::make_shared<torch::nn::Module>());
  for (size_t i = 0; i < stem_.size(); ++i)
    first->register_module(std::to_string(i), stem_[i]);
  const auto rest = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (size_t k = 0; k < blocks_.size(); ++k)
    rest->register_module(std::to_string(k), blocks_[k]);
}

int64_t S3dTower::width(nn::Place place) const {
  return place <= 1 ? stem_.back()->outputs()
                    : blocks_[static_cast<size_t>(std::min(place, 1 + blocks()) - 2)]->outputs();
}

nn::Value S3dTower::run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const {
  check_way(from, to);
  if (from == to) return value;
  at::Tensor maps;
  if (from > 0) maps = channels_second(value.x);
  if (from == 0) {
    maps = clips_of(value, kLeastFrames);
    for (const auto& path : stem_)
      maps = path->forward(maps, context);
    from = 1;
  }
  for (; from < std::min(to, 1 + blocks()); ++from)
    maps = blocks_[static_cast<size_t>(from - 1)]->forward(maps, context);
  if (to == pooled()) return {at::avg_pool3d(maps, {2, 7, 7}, /*stride=*/1).mean({2, 3, 4})};
  return {channels_last(maps)};
}

}  // namespace graft::models
