#include "graft/models/resnet/resnet_shape.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "graft/core/error.h"
#include "graft/models/blocks.h"

namespace graft::models::resnet {
namespace {

[[noreturn]] void refuse(const std::string& file, const std::string& tensor, const std::string& what) {
  throw ModelError("resnet", "{}: {}: {}, which graft does not compute. Known: the plain ResNets of He et al. 2016.",
                   file, tensor, what);
}

// What only other networks have.
void refuse_others(const CheckpointReader& reader, const std::string& file) {
  const auto no = [&](const char* tensor, const char* what) {
    if (reader.has(tensor)) refuse(file, tensor, what);
  };
  no("conv1.0.weight", "a first convolution in several steps (ResNet-C, -D, -S or -T)");
  no("layer1.0.se.fc1.weight", "squeeze and excitation");
  no("layer1.0.se.conv.weight", "efficient channel attention");
  no("layer1.0.se.fc1.bias", "squeeze and excitation");
  no("layer1.0.conv2.conv.weight", "split attention or selective kernels");
  no("layer1.0.conv2_se.fc1.weight", "squeeze and excitation");
  if (!reader.has("bn1.running_mean")) refuse(file, "bn1.running_mean", "missing: norms other than batch norms");
  if (reader.has("layer1.0.downsample.1.weight") && reader.shape("layer1.0.downsample.1.weight").size() > 1) {
    refuse(file, "layer1.0.downsample.1.weight", "a shortcut that averages first (ResNet-D)");
  }
}

void check_bottleneck(const CheckpointReader& reader, const std::string& file, size_t dimensions) {
  const auto size = [&](const char* name) { return sizes_of(reader, name, dimensions); };
  const auto planes = size("layer1.0.conv1.weight")[0];
  const auto middle = size("layer1.0.conv2.weight"), last = size("layer1.0.conv3.weight");
  if (middle[1] != planes) refuse(file, "layer1.0.conv2.weight", "a convolution in groups (ResNeXt)");
  if (last[0] != 4 * planes) {
    refuse(file, "layer1.0.conv3.weight",
           fmt::format("{} channels of {}: a bottleneck of another width (wide ResNet)", last[0], planes));
  }
}

}  // namespace

int64_t Shape::layers() const {
  return 2 + std::accumulate(depths.begin(), depths.end(), int64_t{0}) * (bottleneck ? 3 : 2);
}

bool is_resnet(const io::Weights& weights) {
  const auto& tensors = weights.tensors();
  // The three convolutions that CLIP's ResNet begins with have norms of their own.
  if (!tensors.contains("bn1.weight") || !tensors.contains("layer1.0.bn1.weight") || tensors.contains("bn3.weight"))
    return false;
  return tensors.contains("conv1.weight") || tensors.contains("conv1.0.weight");
}

Shape shape_of(const CheckpointReader& reader, const std::string& file) {
  refuse_others(reader, file);
  Shape shape;
  const auto first = reader.shape("conv1.weight");
  shape.over_time = first.size() == 5;
  const auto side = first.back();
  if (first.size() < 4 || first.size() > 5 || first[1] != 3 || (side != 7 && side != 3)) {
    refuse(file, "conv1.weight", fmt::format("[{}], expected [C, 3, 7, 7] or [C, 3, 3, 3]", fmt::join(first, ", ")));
  }
  shape.cifar = side == 3;
  shape.stem = first[0];
  shape.bottleneck = reader.has("layer1.0.conv3.weight");
  for (int64_t stage = 1;; ++stage) {
    const auto blocks = reader.count(fmt::format("layer{}.", stage));
    if (blocks == 0) break;
    shape.depths.push_back(blocks);
    shape.pooled = sizes_of(reader, fmt::format("layer{}.0.conv1.weight", stage), first.size())[0];
  }
  if (shape.bottleneck) {
    check_bottleneck(reader, file, first.size());
    shape.pooled *= 4;
  }
  if (shape.cifar && (shape.bottleneck || shape.over_time || reader.has("layer2.0.downsample.0.weight") ||
                      reader.has("layer2.0.shortcut.0.weight"))) {
    refuse(file, "conv1.weight",
           "3 x 3 pixels, and not the CIFAR network of the paper (two convolutions a block, shortcuts without "
           "weights): whether it strides or pools is not told");
  }
  return shape;
}

bool is_inflated(size_t stage, int64_t block) {
  if (stage == 0) return true;
  return block % 2 == (stage < 3 ? 0 : 1);
}

}  // namespace graft::models::resnet
