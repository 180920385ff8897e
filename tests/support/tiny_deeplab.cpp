#include "tests/support/tiny_maker.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {
namespace {

constexpr int64_t kStem = 8, kPlanes = 12, kWidth = 16, kClasses = 3;

}  // namespace

TinyCheckpoint tiny_deeplab_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-deeplab";
  TinyMaker make(checkpoint, seed);
  make.convolution("backbone.conv1", {kStem, 3, 7, 7});
  make.batch_norm("backbone.bn1", kStem);
  for (const std::string block : {"backbone.layer1.0.", "backbone.layer2.0."}) {
    const int64_t outputs = block == "backbone.layer2.0." ? kPlanes : kStem;
    make.convolution(block + "conv1", {outputs, kStem, 3, 3});
    make.batch_norm(block + "bn1", outputs);
    make.convolution(block + "conv2", {outputs, outputs, 3, 3});
    make.batch_norm(block + "bn2", outputs);
  }
  make.convolution("backbone.layer2.0.downsample.0", {kPlanes, kStem, 1, 1});
  make.batch_norm("backbone.layer2.0.downsample.1", kPlanes);
  for (const auto& [scale, side] : {std::pair("0", 1), std::pair("1", 3), std::pair("2", 3), std::pair("3", 3)}) {
    make.convolution(std::string("classifier.0.convs.") + scale + ".0", {kWidth, kPlanes, side, side});
    make.batch_norm(std::string("classifier.0.convs.") + scale + ".1", kWidth);
  }
  make.convolution("classifier.0.convs.4.1", {kWidth, kPlanes, 1, 1});
  make.batch_norm("classifier.0.convs.4.2", kWidth);
  make.convolution("classifier.0.project.0", {kWidth, 5 * kWidth, 1, 1});
  make.batch_norm("classifier.0.project.1", kWidth);
  make.convolution("classifier.1", {kWidth, kWidth, 3, 3});
  make.batch_norm("classifier.2", kWidth);
  make.convolution("classifier.4", {kClasses, kWidth, 1, 1});
  make.bias("classifier.4.bias", kClasses);
  checkpoint.examples = [](int64_t count, uint64_t of) -> nn::Value { return {random_tensor({count, 3, 24, 24}, of)}; };
  return checkpoint;
}

}  // namespace graft::testing
