#include <fmt/ranges.h>
#include <torch/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/models/batch_norms.h"
#include "graft/models/blocks.h"
#include "graft/models/deeplab/deeplab.h"
#include "graft/models/model.h"
#include "graft/models/preprocessing.h"
#include "graft/models/resnet/residual_tower.h"
#include "graft/models/resnet/resnet_reader.h"
#include "graft/models/resnet/resnet_settings.h"
#include "graft/models/resnet/resnet_shape.h"

namespace graft::models::resnet {
namespace {

constexpr double kEps = 1e-5;  // of PyTorch's batch norms

// What mmaction2's i3d_r50 has over time: 5 frames and a stride of 2 in the first convolution, a stride of 2 in the
// pool behind it, and a pool of two frames behind the first stage.
constexpr int64_t kStemFrames = 5, kBlockFrames = 3;
constexpr int64_t kLeastFrames = 5;  // of which two are left for that last pool

constexpr int64_t kNoBlock = -1;  // the stem is none

class ResnetReader {
 public:
  ResnetReader(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options,
               const Surroundings& around)
      : folder_(folder),
        options_(options),
        around_(around),
        reader_(weights),
        shape_(shape_of(CheckpointReader(weights, around.prefix), weights.name())),
        settings_(settings_of(folder, shape_, options.told)),
        inflates_(options.told.inflate == Inflate::i3d && !shape_.over_time),
        over_time_(inflates_ || shape_.over_time) {
    if (inflates_ && shape_.cifar) {
      throw ConfigError("resnet", "--inflate i3d: {} is a CIFAR network, for which nobody said where time goes.",
                        weights.name());
    }
    if (over_time_ && around_.output_stride != kWholeStride) {
      throw ConfigError("resnet", "--output-stride {}: {} is a network over time. Leave it out.", around_.output_stride,
                        weights.name());
    }
  }

  std::unique_ptr<Model> read() {
    const auto stem = std::make_shared<ConvolutionPath>(
        std::vector{unit(kNoBlock, "stem.conv1", "conv1", "stem.norm1", "bn1", {shape_.stem, 3, shape_.cifar ? 3 : 7},
                         {2, shape_.cifar ? 1 : 2}, kStemFrames)},
        shape_.cifar ? std::nullopt : std::optional(nn::MaxPool{{1, 3}, {2, 2}, {0, 1}}));
    int64_t index = 0, channels = shape_.stem, reached = shape_.cifar ? 1 : 4;
    Steps steps;
    for (size_t stage = 0; stage < shape_.depths.size(); ++stage) {
      steps = {stage > 0 ? 2 : 1, steps.dilation, steps.dilation};
      if (reached * steps.stride > around_.output_stride) {
        steps.dilation *= steps.stride;
        steps.stride = 1;
      }
      reached *= steps.stride;
      for (int64_t k = 0; k < shape_.depths[stage]; ++k) {
        blocks_.push_back(
            block(stage, k, index++, channels, k == 0 ? steps : Steps{1, steps.dilation, steps.dilation}));
        channels = blocks_.back()->outputs();
      }
    }
    if (around_.behind) blocks_.push_back(around_.behind(reader_, fmt::format("vision.blocks.{}.", index), channels));
    return finish(stem);
  }

 private:
  struct Sides {
    int64_t outputs, inputs, side;
  };
  // Of a block: its stride, and how far apart the taps of its first and of its later 3 x 3 convolutions stand. The
  // block in which a stride was given up still reads maps of the density before.
  struct Steps {
    int64_t stride = 1, first = 1, dilation = 1;
  };

  // `block`: whose it is; `frames`: the convolution's extent where the network is one over time.
  NormedConvolution unit(int64_t block, const std::string& ours, const std::string& theirs, const std::string& our_norm,
                         const std::string& their_norm, Sides of, nn::Extent stride, int64_t frames,
                         int64_t dilation = 1) {
    const std::string name = "vision." + ours + ".weight";
    std::vector<int64_t> flat = {of.outputs, of.inputs, of.side, of.side}, whole = flat;
    if (over_time_) whole.insert(whole.begin() + 2, frames);
    at::Tensor weight = reader_.take(name, around_.prefix + theirs + ".weight", inflates_ ? flat : whole);
    if (inflates_) {
      weight = inflated(weight, frames);
      inflated_[name] = whole;
    }
    nn::Site place{.path = "vision." + ours,
                   .block = block,
                   .place = 1 + block,
                   .checkpoint = written_as(theirs),
                   .part = block == kNoBlock ? "" : ours.substr(ours.rfind('.') + 1)};
    return {std::make_shared<nn::Convolution>(weight, stride, at::Tensor(), nn::Extent{1, dilation}, std::move(place)),
            read_batch_norm(reader_, "vision." + our_norm, around_.prefix + their_norm, of.outputs, kEps)};
  }

  std::string written_as(const std::string& theirs) const {
    return (around_.written_prefix.empty() ? around_.prefix : around_.written_prefix) + theirs;
  }

  // Carreira & Zisserman 2017, section 2: repeated over time and divided by the repeats, so that a clip of one photo
  // gives what the photo gave.
  static at::Tensor inflated(const at::Tensor& weight, int64_t frames) {
    return (weight / static_cast<double>(frames)).unsqueeze(2).repeat({1, 1, frames, 1, 1});
  }

  std::shared_ptr<ResidualBlock> block(size_t stage, int64_t k, int64_t index, int64_t inputs, Steps steps) {
    const auto theirs = fmt::format("layer{}.{}.", stage + 1, k), ours = fmt::format("blocks.{}.", index);
    const bool first_of_stage = stage > 0 && k == 0;  // has a shortcut, whether it strides or not
    const int64_t stride = steps.stride;
    const auto planes = sizes_of(reader_, around_.prefix + theirs + "conv1.weight", shape_.over_time ? 5 : 4)[0];
    const auto outputs = shape_.bottleneck ? 4 * planes : planes;
    const int64_t frames = is_inflated(stage, k) ? kBlockFrames : 1;
    const auto at = [&](int64_t i, Sides of, int64_t by, int64_t over, int64_t apart = 1) {
      return unit(index, fmt::format("{}conv{}", ours, i), fmt::format("{}conv{}", theirs, i),
                  fmt::format("{}norm{}", ours, i), fmt::format("{}bn{}", theirs, i), of, {1, by}, over, apart);
    };
    ResidualParts parts;
    if (shape_.bottleneck) {
      parts.path = {at(1, {planes, inputs, 1}, 1, frames), at(2, {planes, planes, 3}, stride, 1, steps.first),
                    at(3, {outputs, planes, 1}, 1, 1)};
    } else {
      parts.path = {at(1, {planes, inputs, 3}, stride, frames, steps.first),
                    at(2, {planes, planes, 3}, 1, frames, steps.dilation)};
    }
    parts.bare_stride = stride;
    if (!shape_.cifar && (first_of_stage || inputs != outputs)) {
      parts.shortcut = unit(index, ours + "shortcut", theirs + "downsample.0", ours + "shortcut_norm",
                            theirs + "downsample.1", {outputs, inputs, 1}, {1, stride}, 1);
    }
    if (over_time_ && stage == 1 && k == 0) parts.pool = nn::MaxPool{{2, 1}, {2, 1}};
    const auto module = written_as(theirs);
    return std::make_shared<ResidualBlock>(std::move(parts), site(index, "out", outputs, module),
                                           site(index, "path", outputs, module));
  }

  // The path of a block, or all of it (its output); where it computes over time these are none.
  nn::Site site(int64_t index, const std::string& part, int64_t width, const std::string& theirs) const {
    if (over_time_) return {};
    return {.path = fmt::format("vision.blocks.{}.{}", index, part),
            .kind = nn::SiteKind::maps,
            .block = index,
            .in = width,
            .out = width,
            .place = 1 + index,
            .checkpoint = theirs.substr(0, theirs.size() - 1),
            .part = part};
  }

  std::unique_ptr<Model> finish(const std::shared_ptr<ConvolutionPath>& stem) {
    reader_.ignore(around_.ignored);
    ModelInfo info;
    info.source = folder_.path.string();
    info.family = around_.family;
    info.layout = over_time_ ? "i3d" : settings_.layout;
    info.preprocessing = settings_.preprocessing;
    if (around_.pixels > 0) info.preprocessing = at_size(info.preprocessing, around_.pixels, /*patch=*/1);
    info.own_size = info.preprocessing.output();
    if (options_.image_size) info.preprocessing = at_size(info.preprocessing, *options_.image_size, /*patch=*/1);
    info.vision = {.heads = 0, .activation = tensor::Activation::relu, .eps = kEps};
    if (around_.output_stride != kWholeStride) info.vision.output_stride = around_.output_stride;
    info.pooling = "avg";
    info.notes = settings_.notes;
    if (over_time_) {
      info.notes.push_back({"over time as in mmaction2's I3D: strides of 2 in the first convolution and both pools"});
    }
    note_what_is_left(reader_, options_.precision, info.notes);
    info.description = fmt::format("{}{}ResNet-{} {}x{}", around_.described,
                                   over_time_     ? "I3D "
                                   : shape_.cifar ? "CIFAR "
                                                  : "",
                                   shape_.layers(), info.preprocessing.output().height, blocks_.back()->outputs());
    auto origins = reader_.finish(fmt::format("ResNet-{} ({})", shape_.layers(), info.layout));
    for (auto& origin : origins) {
      if (!around_.written_prefix.empty() && !origin.theirs.starts_with("classifier."))
        origin.theirs = around_.written_prefix + origin.theirs;
      if (const auto found = inflated_.find(origin.ours); found != inflated_.end()) origin.shape = found->second;
    }
    const auto tower =
        std::make_shared<ResidualTower>(stem, std::move(blocks_), over_time_, over_time_ ? kLeastFrames : 1);
    return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{tower}, std::move(info), tensor::Precision::fp32,
                                   std::move(origins));
  }

  const io::ModelFolder& folder_;
  const LoadOptions& options_;
  const Surroundings& around_;
  CheckpointReader reader_;
  Shape shape_;
  Settings settings_;
  bool inflates_, over_time_;
  std::vector<std::shared_ptr<MapBlock>> blocks_;
  std::map<std::string, std::vector<int64_t>> inflated_;  // by our name: what the weight is now
};

bool recognises(const io::ModelFolder&, const io::Weights& weights) {
  return is_resnet(weights);
}

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  if (!is_resnet(weights)) {
    throw ModelError("resnet", "{} has none of the names that a ResNet's blocks go by (layer1.0.bn1.weight).",
                     weights.name());
  }
  if (options.told.decoder == Decoder::deeplabv3) return deeplab::behind_resnet(folder, weights, options);
  return read_resnet(folder, weights, options,
                     {.output_stride = checked_output_stride(options.told.output_stride.value_or(kWholeStride))});
}

}  // namespace

int64_t checked_output_stride(int64_t asked) {
  if (asked == 8 || asked == 16 || asked == kWholeStride) return asked;
  throw ConfigError("model", "--output-stride {}: expected 8, 16 or 32.", asked);
}

std::unique_ptr<Model> read_resnet(const io::ModelFolder& folder, const io::Weights& weights,
                                   const LoadOptions& options, const Surroundings& around) {
  return ResnetReader(folder, weights, options, around).read();
}

extern const Family family = {"resnet", "images alone: ResNet, of ImageNet's size or CIFAR's; inflated, clips",
                              "timm, torchvision, cifar", recognises, load};

}  // namespace graft::models::resnet
