#include "graft/models/resnet3d/s3d_weights.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "graft/models/resnet3d/s3d_tower.h"
#include "graft/models/resnet3d/video_reader.h"

namespace graft::models::resnet3d {
namespace {

constexpr double kS3dEps = 1e-3;
constexpr nn::MaxPool kOverSpace{{1, 3}, {1, 2}, {0, 1}};

// torchvision's modules "features.N": 0 to 4 the stem, 7 and 13 pools, the others Inception blocks.
constexpr int kFirstBlock = 5, kLastBlock = 15;
std::optional<nn::MaxPool> pool_before(int module) {
  if (module == 8) return nn::MaxPool{{3, 3}, {2, 2}, {1, 1}};
  if (module == 14) return nn::MaxPool{{2, 2}, {2, 2}, {0, 0}};
  return std::nullopt;
}

class S3dReader {
 public:
  explicit S3dReader(VideoReader reader) : reader_(std::move(reader)) {}

  std::unique_ptr<Model> read() {
    std::vector<NormedConvolution> path;
    separable(path, "stem.0.", "features.0.", 3, 7, 2);
    std::vector<std::shared_ptr<ConvolutionPath>> stem{std::make_shared<ConvolutionPath>(path, kOverSpace)};
    path.clear();
    single(path, "stem.1.", "features.2.", stem.back()->outputs());
    stem.push_back(std::make_shared<ConvolutionPath>(path));
    path.clear();
    separable(path, "stem.2.", "features.3.", stem.back()->outputs(), 3, 1);
    stem.push_back(std::make_shared<ConvolutionPath>(path, kOverSpace));
    std::vector<std::shared_ptr<InceptionBlock>> blocks;
    int64_t channels = stem.back()->outputs();
    for (int module = kFirstBlock; module <= kLastBlock; ++module) {
      if (module == 7 || module == 13) continue;
      blocks.push_back(block(module, fmt::format("blocks.{}.", blocks.size()), channels));
      channels = blocks.back()->outputs();
    }
    const auto tower = std::make_shared<S3dTower>(std::move(stem), std::move(blocks));
    return reader_.finish(tower, "S3D", "classifier.*", video_preprocessing({256, 256}, 224), S3dTower::kLeastSide);
  }

 private:
  void single(std::vector<NormedConvolution>& path, const std::string& ours, const std::string& theirs,
              int64_t inputs) {
    path.push_back(
        reader_.unit(ours, static_cast<int64_t>(path.size()) + 1, theirs + "0", theirs + "1", inputs, 1, 1, {1, 1}));
  }

  // Over space, then over time, each with a norm and a ReLU.
  void separable(std::vector<NormedConvolution>& path, const std::string& ours, const std::string& theirs,
                 int64_t inputs, int64_t side, int64_t stride) {
    const auto i = static_cast<int64_t>(path.size());
    path.push_back(reader_.unit(ours, i + 1, theirs + "0.0", theirs + "0.1", inputs, 1, side, {1, stride}));
    const auto middle = path.back().convolution->outputs();
    path.push_back(reader_.unit(ours, i + 2, theirs + "1.0", theirs + "1.1", middle, side, 1, {stride, 1}));
  }

  std::shared_ptr<InceptionBlock> block(int module, const std::string& ours, int64_t inputs) {
    std::array<std::shared_ptr<ConvolutionPath>, 4> branches;
    for (size_t i = 0; i < branches.size(); ++i) {
      const auto name = fmt::format("branch{}.", i), theirs = fmt::format("features.{}.{}", module, name);
      std::vector<NormedConvolution> path;
      // The first is one convolution; the last has its pool at 0; the others go on to a separable one.
      single(path, ours + name, theirs + (i == 0 ? "" : i == 3 ? "1." : "0."), inputs);
      if (i == 1 || i == 2) separable(path, ours + name, theirs + "1.", path.back().convolution->outputs(), 3, 1);
      branches[i] = std::make_shared<ConvolutionPath>(std::move(path));
    }
    return std::make_shared<InceptionBlock>(pool_before(module), std::move(branches));
  }

  VideoReader reader_;
};

}  // namespace

std::unique_ptr<Model> load_s3d(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  return S3dReader(VideoReader(folder, weights, options, kS3dEps)).read();
}

}  // namespace graft::models::resnet3d
