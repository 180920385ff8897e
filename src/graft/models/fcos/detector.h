// FCOS (Tian et al. 2019, arXiv:1904.01355) on ResNets, in torchvision's form and names (fcos_resnet50_fpn): where it
// reads a checkpoint, the same weights tell the same boxes. A narrower pyramid and shorter towers on a ResNet-18 make a
// small detector of the same code. The network is a model like others, and offers its sites to methods.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "graft/io/image.h"
#include "graft/io/model_folder.h"
#include "graft/models/fcos/photo_fit.h"
#include "graft/models/fcos/places.h"
#include "graft/models/fcos/pyramid_head.h"
#include "graft/models/model.h"
#include "graft/nn/insert.h"
#include "graft/nn/parameters.h"

namespace graft::models::fcos {

// Of all places, level after level.
struct Answers {
  at::Tensor logits;   // [B, N, K]
  at::Tensor offsets;  // [B, N, 4], in units of a place's size, none below 0
  at::Tensor centres;  // [B, N], logits
};

// What of the answers is told; torchvision's values.
struct Telling {
  double least_score = 0.2;
  double overlap = 0.6;         // above which the surer box of a class stays
  int64_t most = 100;           // boxes of a photo
  int64_t most_a_level = 1000;  // before suppression
};

struct Told {
  at::Tensor boxes;   // [D, 4], x0, y0, x1, y1 in the photo's pixels, the surest first
  at::Tensor scores;  // [D], the root of a class's probability times the centre-ness
  at::Tensor labels;  // [D] int64
};

class Detector {
 public:
  // `stages`: behind which places of the network the pyramid reads.
  Detector(std::shared_ptr<Model> network, std::shared_ptr<PyramidHead> head, std::array<nn::Place, kStages> stages,
           std::vector<Origin> origins);

  const std::shared_ptr<Model>& network() const { return network_; }
  const std::shared_ptr<PyramidHead>& head() const { return head_; }
  int64_t classes() const { return head_->shape().classes; }

  // pixels [B, 3, H, W], normalised
  Answers answer(const at::Tensor& pixels, nn::Context& context) const;
  Told tell(const io::Image& photo, const PhotoFit& fit, const Telling& telling) const;

  // The same network, pyramid, towers and boxes for other classes: the logits of class k are those of this detector's
  // class `rows[k]`, or drawn as a new head's; always the same of one seed.
  Detector with_classes(const std::vector<std::optional<int64_t>>& rows, uint64_t seed) const;

  nn::NamedTensors to_checkpoint() const;  // torchvision's names

 private:
  std::shared_ptr<Model> network_;
  std::shared_ptr<PyramidHead> head_;
  std::array<nn::Place, kStages> stages_;
  std::vector<Origin> origins_;  // of the head
};

// Of one photo, whose places they are: in pixels of what was read.
Told told_of(const Answers& answers, int64_t example, const Places& places, data::Size read, const Telling& telling);

bool is_detector(const io::Weights& weights);

// ModelError for tensors that are missing, unexpected or misshapen.
Detector read_detector(const io::ModelFolder& folder, const LoadOptions& options);
// A new head on the network of a ResNet's or a detector's checkpoint; always the same of one seed. `shape.inputs` is
// told by the network. ConfigError for a width that is no multiple of 32.
Detector new_detector(const io::ModelFolder& folder, const LoadOptions& options, HeadShape shape, uint64_t seed);

}  // namespace graft::models::fcos
