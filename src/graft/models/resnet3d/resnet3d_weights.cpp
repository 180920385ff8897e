// r3d_18, mc3_18 and r2plus1d_18 (Tran et al. 2018, arXiv:1711.11248) out of torchvision's checkpoints.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/models/model.h"
#include "graft/models/resnet/residual_tower.h"
#include "graft/models/resnet3d/s3d_weights.h"
#include "graft/models/resnet3d/video_names.h"
#include "graft/models/resnet3d/video_reader.h"

namespace graft::models::resnet3d {
namespace {

constexpr double kEps = 1e-5;

class Resnet3dReader {
 public:
  Resnet3dReader(VideoReader reader, bool split) : reader_(std::move(reader)), split_(split) {}

  std::unique_ptr<Model> read() {
    const auto stem = std::make_shared<ConvolutionPath>(stem_path());
    int64_t channels = stem->outputs(), layers = 2;
    std::vector<std::shared_ptr<MapBlock>> blocks;
    bool mixed = false;
    for (int64_t stage = 1;; ++stage) {
      const auto depth = reader_.checkpoint().count(fmt::format("layer{}.", stage));
      if (depth == 0) break;
      for (int64_t k = 0; k < depth; ++k) {
        blocks.push_back(block(stage, k, fmt::format("blocks.{}.", blocks.size()), channels));
        channels = blocks.back()->outputs();
        layers += 2;
      }
      mixed |= !split_ && reader_.frames_of(fmt::format("layer{}.0.conv1.0", stage)) == 1;
    }
    const auto tower = std::make_shared<ResidualTower>(stem, std::move(blocks), /*over_time=*/true);
    const auto name = fmt::format("{}-{}", split_ ? "R(2+1)D" : mixed ? "MC3" : "R3D", layers);
    return reader_.finish(tower, name, "fc.*", video_preprocessing({128, 171}, 112), /*least=*/1);
  }

 private:
  std::vector<NormedConvolution> stem_path() {
    if (!split_) return {reader_.unit("stem.", 1, "stem.0", "stem.1", 3, 3, 7, {1, 2})};
    const auto first = reader_.unit("stem.", 1, "stem.0", "stem.1", 3, 1, 7, {1, 2});
    return {first, reader_.unit("stem.", 2, "stem.3", "stem.4", first.convolution->outputs(), 3, 1, {1, 1})};
  }

  // One of a block's two convolutions; a split one is two.
  void convolution(std::vector<NormedConvolution>& path, const std::string& ours, const std::string& theirs,
                   int64_t inputs, int64_t stride) {
    const auto i = static_cast<int64_t>(path.size());
    if (!split_) {
      const auto frames = reader_.frames_of(theirs + "0");
      path.push_back(
          reader_.unit(ours, i + 1, theirs + "0", theirs + "1", inputs, frames, 3, {frames > 1 ? stride : 1, stride}));
      return;
    }
    path.push_back(reader_.unit(ours, i + 1, theirs + "0.0", theirs + "0.1", inputs, 1, 3, {1, stride}));
    const auto middle = path.back().convolution->outputs();
    path.push_back(reader_.unit(ours, i + 2, theirs + "0.3", theirs + "1", middle, 3, 1, {stride, 1}));
  }

  std::shared_ptr<ResidualBlock> block(int64_t stage, int64_t k, const std::string& ours, int64_t inputs) {
    const auto theirs = fmt::format("layer{}.{}.", stage, k);
    const int64_t stride = stage > 1 && k == 0 ? 2 : 1;
    ResidualParts parts;
    convolution(parts.path, ours, theirs + "conv1.", inputs, stride);
    const auto outputs = parts.path.back().convolution->outputs();
    convolution(parts.path, ours, theirs + "conv2.", outputs, 1);
    if (stride != 1 || inputs != outputs) {
      const bool over_time = split_ || reader_.frames_of(theirs + "conv1.0") > 1;
      parts.shortcut = reader_.unit_named(ours + "shortcut", ours + "shortcut_norm", theirs + "downsample.0",
                                          theirs + "downsample.1", inputs, 1, 1, {over_time ? stride : 1, stride});
    }
    return std::make_shared<ResidualBlock>(std::move(parts));
  }

  VideoReader reader_;
  bool split_;
};

bool recognises(const io::ModelFolder&, const io::Weights& weights) {
  return kind_of(weights) != Kind::none;
}

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  const auto kind = kind_of(weights);
  if (kind == Kind::none) {
    throw ModelError("resnet3d", "{} has none of the names that torchvision's video networks go by (stem.0.weight).",
                     weights.name());
  }
  if (kind == Kind::s3d) return load_s3d(folder, weights, options);
  return Resnet3dReader(VideoReader(folder, weights, options, kEps), kind == Kind::split).read();
}

}  // namespace

extern const Family family = {"resnet3d", "clips: R3D, MC3, R(2+1)D and S3D", "torchvision", recognises, load};

}  // namespace graft::models::resnet3d
