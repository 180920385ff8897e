// What the readers of torchvision's video networks share: a convolution with its norm, how clips are prepared, and what
// is said of the model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/checkpoint.h"
#include "graft/models/convolutions.h"
#include "graft/models/model.h"

namespace graft::models::resnet3d {

class VideoReader {
 public:
  // `eps` of its batch norms.
  VideoReader(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options, double eps);

  const CheckpointReader& checkpoint() const { return reader_; }
  // A convolution's extent over time, as its tensor has it; ModelError unless it is 1 or odd.
  int64_t frames_of(const std::string& convolution) const;
  int64_t outputs_of(const std::string& convolution) const;

  // Convolution `theirs` and norm `their_norm` as our "<ours>conv<i>" and "<ours>norm<i>"; of `inputs` channels and
  // `side` x `side` pixels, `frames` frames.
  NormedConvolution unit(const std::string& ours, int64_t i, const std::string& theirs, const std::string& their_norm,
                         int64_t inputs, int64_t frames, int64_t side, nn::Extent stride);
  NormedConvolution unit_named(const std::string& ours, const std::string& our_norm, const std::string& theirs,
                               const std::string& their_norm, int64_t inputs, int64_t frames, int64_t side,
                               nn::Extent stride);

  // `head`: names of the classifier, which is left aside. `least`: pixels a side that it can read.
  std::unique_ptr<Model> finish(std::shared_ptr<Tower> tower, const std::string& name, const char* head,
                                data::Preprocessing preprocessing, int64_t least);

 private:
  const io::ModelFolder& folder_;
  const LoadOptions& options_;
  CheckpointReader reader_;
  double eps_;
};

// torchvision's VideoClassification presets: each frame to exactly `resize`, its shape given up, by two neighbours a
// side; the middle of it; the mean and std of Kinetics.
data::Preprocessing video_preprocessing(data::Size resize, int crop);

}  // namespace graft::models::resnet3d
