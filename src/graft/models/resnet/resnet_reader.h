// A ResNet out of a checkpoint in torchvision's names, alone or as what something stands behind: its blocks may be
// dilated in place of their strides (Yu et al. 2017, arXiv:1705.09914, as timm and torchvision do it), so that maps
// stay larger.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graft/models/checkpoint.h"
#include "graft/models/map_block.h"
#include "graft/models/model.h"

namespace graft::models::resnet {

inline constexpr int64_t kWholeStride = 32;  // pixels of the photo to one of the last maps, where nothing is dilated

struct Surroundings {
  std::string prefix = {};  // before the ResNet's names
  int64_t output_stride = kWholeStride;
  // One more block behind the ResNet's, by the name that its tensors get; null: none.
  std::function<std::shared_ptr<MapBlock>(CheckpointReader&, const std::string& ours, int64_t inputs)> behind = nullptr;
  std::string written_prefix = {};  // where the tensors are written by other names: before them
  std::vector<std::string> ignored = {"fc.*", "linear.*"};
  std::string family = "resnet";
  std::string described = {};  // before "ResNet-50"
  int64_t pixels = 0;          // of photos where nobody says; 0: as a ResNet reads them
};

std::unique_ptr<Model> read_resnet(const io::ModelFolder& folder, const io::Weights& weights,
                                   const LoadOptions& options, const Surroundings& around);

// 8, 16 or 32. ConfigError for another one.
int64_t checked_output_stride(int64_t asked);

}  // namespace graft::models::resnet
