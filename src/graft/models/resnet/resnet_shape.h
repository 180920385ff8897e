// What the tensors of a ResNet say of it: torchvision's and timm's names, which are the same, and those of the CIFAR
// networks of the paper. Variants that have other tensors are refused by name; what has the same and computes otherwise
// cannot be seen here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/io/weights.h"
#include "graft/models/checkpoint.h"

namespace graft::models::resnet {

struct Shape {
  bool cifar = false;            // a first convolution of 3 x 3 and no pool; shortcuts without weights
  bool bottleneck = false;       // blocks of 1 x 1, 3 x 3, 1 x 1; else of two 3 x 3
  bool over_time = false;        // weights [O, I, t, h, w]
  std::vector<int64_t> depths;   // blocks a stage
  int64_t stem = 0, pooled = 0;  // channels

  int64_t layers() const;  // with weights, as the names count them: 50
};

// Some ResNet, one of those that are refused among them.
bool is_resnet(const io::Weights& weights);

// ModelError for a variant that is not the plain network.
Shape shape_of(const CheckpointReader& reader, const std::string& file);

// Whether the convolutions of a block get an extent in time when a network is inflated, as in mmaction2's i3d_r50:
// every block of the first stage, then every other one.
bool is_inflated(size_t stage, int64_t block);

}  // namespace graft::models::resnet
