// What DeepLabv3 puts behind a network of maps (Chen et al. 2017, arXiv:1706.05587): its context at several scales side
// by side (a 1 x 1 convolution, dilated 3 x 3 ones, and the mean of the whole map), joined by a 1 x 1 and smoothed by a
// 3 x 3 convolution, as torchvision has it. What remains is a linear map of each column, which is the task's head.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graft/models/checkpoint.h"
#include "graft/models/convolutions.h"
#include "graft/models/map_block.h"

namespace graft::models::deeplab {

struct PyramidParts {
  std::vector<NormedConvolution> scales;  // side by side
  NormedConvolution whole;                // of the map's mean
  NormedConvolution join, last;
};

class AtrousPyramid final : public MapBlock {
 public:
  // Parameters: convK.weight, normK.* of the scales from K = 1; whole.*, join.*, last.* with norms whole_norm.*, ...
  explicit AtrousPyramid(PyramidParts parts);

  // [B, C, h, w] -> [B, E, h, w]. Half of what `join` gives is dropped while that trains. A batch of one has a mean map
  // and no variance: its norm then goes by what it has gathered.
  at::Tensor forward(const at::Tensor& x, const nn::Context& context) const;
  void forward(nn::Stream& stream, const nn::Context& context) const override;
  std::vector<nn::Joint*> joints() override { return {}; }
  int64_t outputs() const override { return parts_.last.convolution->outputs(); }

 private:
  at::Tensor whole(const at::Tensor& x, const nn::Context& context) const;

  PyramidParts parts_;
};

// torchvision's rates for maps of an output stride of 8; half of them at 16, a quarter at 32.
std::vector<int64_t> rates_at(int64_t output_stride);

// Out of a checkpoint in torchvision's names, `theirs` "classifier.", under ours; of `inputs` channels.
std::shared_ptr<AtrousPyramid> read_pyramid(CheckpointReader& reader, const std::string& ours,
                                            const std::string& theirs, int64_t inputs, int64_t output_stride);
// A new one, 256 channels wide, drawn as PyTorch draws convolutions; always the same. It is written by these names.
std::shared_ptr<AtrousPyramid> new_pyramid(CheckpointReader& reader, const std::string& ours, const std::string& theirs,
                                           int64_t inputs, int64_t output_stride);

}  // namespace graft::models::deeplab
