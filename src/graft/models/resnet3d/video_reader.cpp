#include "graft/models/resnet3d/video_reader.h"

#include <fmt/ranges.h>

#include "graft/core/error.h"
#include "graft/models/batch_norms.h"
#include "graft/models/blocks.h"
#include "graft/models/preprocessing.h"

namespace graft::models::resnet3d {

data::Preprocessing video_preprocessing(data::Size resize, int crop) {
  data::Preprocessing result;
  result.resize = resize;
  result.resize_mode = data::ResizeMode::squash;
  result.interpolation = data::Filter::sampled_bilinear;
  result.crop = data::Size{crop, crop};
  result.mean = {0.43216f, 0.394666f, 0.37645f};
  result.std = {0.22803f, 0.22145f, 0.216989f};
  return result;
}

VideoReader::VideoReader(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options,
                         double eps)
    : folder_(folder), options_(options), reader_(weights), eps_(eps) {
  if (options.told.heads || options.told.activation) {
    throw ConfigError("model", "--{}: a network of convolutions has ReLUs and no heads. Leave it out.",
                      options.told.heads ? "heads" : "activation");
  }
  refuse_description("resnet3d", folder.config);
  refuse_description("resnet3d", folder.preprocessor_config);
}

int64_t VideoReader::frames_of(const std::string& convolution) const {
  const auto frames = sizes_of(reader_, convolution + ".weight", 5)[2];
  if (frames == 1 || frames == 3) return frames;
  throw ModelError("resnet3d", "{}: {} frames: expected 1 or 3, as torchvision's networks have.", convolution, frames);
}

int64_t VideoReader::outputs_of(const std::string& convolution) const {
  return sizes_of(reader_, convolution + ".weight", 5)[0];
}

NormedConvolution VideoReader::unit_named(const std::string& ours, const std::string& our_norm,
                                          const std::string& theirs, const std::string& their_norm, int64_t inputs,
                                          int64_t frames, int64_t side, nn::Extent stride) {
  const auto outputs = outputs_of(theirs);
  const auto weight =
      reader_.take("vision." + ours + ".weight", theirs + ".weight", {outputs, inputs, frames, side, side});
  return {std::make_shared<nn::Convolution>(weight, stride),
          read_batch_norm(reader_, "vision." + our_norm, their_norm, outputs, eps_)};
}

NormedConvolution VideoReader::unit(const std::string& ours, int64_t i, const std::string& theirs,
                                    const std::string& their_norm, int64_t inputs, int64_t frames, int64_t side,
                                    nn::Extent stride) {
  return unit_named(fmt::format("{}conv{}", ours, i), fmt::format("{}norm{}", ours, i), theirs, their_norm, inputs,
                    frames, side, stride);
}

std::unique_ptr<Model> VideoReader::finish(std::shared_ptr<Tower> tower, const std::string& name, const char* head,
                                           data::Preprocessing preprocessing, int64_t least) {
  reader_.ignore({head});
  ModelInfo info;
  info.source = folder_.path.string();
  info.family = "resnet3d";
  info.layout = "torchvision";
  info.preprocessing = with_told(preprocessing, options_.told, "");
  info.own_size = info.preprocessing.output();
  if (options_.image_size) {
    if (*options_.image_size < least) {
      throw ConfigError("model", "--image-size {}: {} reads {} pixels or more.", *options_.image_size, name, least);
    }
    info.preprocessing = at_size(info.preprocessing, *options_.image_size, /*patch=*/1);
  }
  info.vision = {.heads = 0, .activation = tensor::Activation::relu, .eps = eps_};
  info.pooling = "avg";
  info.notes.push_back(
      {fmt::format("{}: frames are prepared as torchvision prepares Kinetics: {} x {} whatever their "
                   "shape, the middle {} of it",
                   name, preprocessing.resize.height, preprocessing.resize.width, preprocessing.output().height)});
  note_what_is_left(reader_, options_.precision, info.notes);
  info.description = fmt::format("{} {}x{}", name, info.preprocessing.output().height, tower->width(tower->pooled()));
  auto origins = reader_.finish(fmt::format("{} (torchvision)", name));
  return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{std::move(tower)}, std::move(info),
                                 tensor::Precision::fp32, std::move(origins));
}

}  // namespace graft::models::resnet3d
