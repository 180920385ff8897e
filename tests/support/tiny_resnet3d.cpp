#include <string>

#include "tests/support/tiny_maker.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {
namespace {

constexpr int64_t kStem = 5, kPlanes = 12, kSide = 8, kFrames = 3;

}  // namespace

TinyCheckpoint tiny_resnet3d_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-resnet3d";
  TinyMaker make(checkpoint, seed);
  make.convolution("stem.0", {kStem, 3, 3, 7, 7});
  make.batch_norm("stem.1", kStem);
  for (const std::string block : {"layer1.0.", "layer1.1.", "layer2.0."}) {
    const int64_t outputs = block == "layer2.0." ? kPlanes : kStem;
    make.convolution(block + "conv1.0", {outputs, kStem, 3, 3, 3});
    make.batch_norm(block + "conv1.1", outputs);
    make.convolution(block + "conv2.0", {outputs, outputs, 3, 3, 3});
    make.batch_norm(block + "conv2.1", outputs);
  }
  make.convolution("layer2.0.downsample.0", {kPlanes, kStem, 1, 1, 1});
  make.batch_norm("layer2.0.downsample.1", kPlanes);
  checkpoint.examples = [](int64_t count, uint64_t of) -> nn::Value {
    return {random_tensor({count * kFrames, 3, kSide, kSide}, of), {.segments = {}, .frames = kFrames}};
  };
  return checkpoint;
}

}  // namespace graft::testing
