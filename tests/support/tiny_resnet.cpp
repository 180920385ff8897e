#include <nlohmann/json.hpp>

#include "tests/support/tiny_maker.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {
namespace {

constexpr int64_t kStem = 8, kPlanes = 12, kSide = 24;

}  // namespace

TinyCheckpoint tiny_resnet_checkpoint(uint64_t seed) {
  TinyCheckpoint checkpoint;
  checkpoint.folder.path = "tiny-resnet";
  checkpoint.folder.config = io::JsonObject::parse(R"({
    "architecture": "resnet18", "model_args": {"layers": [2, 1], "channels": [8, 12]},
    "pretrained_cfg": {"input_size": [3, 24, 24], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
                       "interpolation": "bilinear", "crop_pct": 0.875}})",
                                                   "config.json");
  TinyMaker make(checkpoint, seed);
  make.convolution("conv1", {kStem, 3, 7, 7});
  make.batch_norm("bn1", kStem);
  for (const auto* block : {"layer1.0.", "layer1.1.", "layer2.0."}) {
    const int64_t outputs = std::string(block) == "layer2.0." ? kPlanes : kStem;
    make.convolution(block + std::string("conv1"), {outputs, kStem, 3, 3});
    make.batch_norm(block + std::string("bn1"), outputs);
    make.convolution(block + std::string("conv2"), {outputs, outputs, 3, 3});
    make.batch_norm(block + std::string("bn2"), outputs);
  }
  make.convolution("layer2.0.downsample.0", {kPlanes, kStem, 1, 1});
  make.batch_norm("layer2.0.downsample.1", kPlanes);
  checkpoint.examples = [](int64_t count, uint64_t of) -> nn::Value {
    return {random_tensor({count, 3, kSide, kSide}, of)};
  };
  return checkpoint;
}

}  // namespace graft::testing
