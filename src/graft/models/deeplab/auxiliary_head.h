// The second classifier that torchvision's DeepLabv3 has while it trains: on the maps behind layer 3 a 3 x 3
// convolution to a quarter of their channels, batch norm, ReLU, a tenth dropped, and a class for each place (its
// FCNHead; the idea is Zhao et al.'s 2017, arXiv:1612.01105, section 3.3). Its loss, half of it in torchvision's
// training, is added to that of the classes; who predicts never asks it.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "graft/core/random.h"
#include "graft/io/weights.h"
#include "graft/models/model.h"
#include "graft/nn/batch_norm.h"
#include "graft/nn/convolution.h"
#include "graft/nn/insert.h"
#include "graft/nn/parameters.h"

namespace graft::models::deeplab {

inline constexpr double kAuxiliaryWeight = 0.5;  // of its loss, torchvision's

// Where a model with DeepLabv3's context module has the maps that it reads, behind layer 3; none: it has none.
std::optional<nn::Place> auxiliary_place(Model& model);

class AuxiliaryHead final : public torch::nn::Module {
 public:
  // Drawn as PyTorch draws convolutions. All of it trains, and its norm goes by the batch.
  AuxiliaryHead(int64_t inputs, int64_t classes, Random random);

  // maps [B, C, h, w] -> logits [B, K, h, w]
  at::Tensor forward(const at::Tensor& maps, const nn::Context& context) const;

  // What of it a checkpoint in torchvision's names (aux_classifier.0.weight, ...) has in this one's shapes. -> whether
  // all of it but the classes was there; and the classes, where there are as many.
  struct Began {
    bool maps = false, classes = false;
  };
  Began begin_with(const io::Weights& weights);
  nn::NamedTensors to_checkpoint() const;  // in torchvision's names

  nn::Parameters trained() const;     // by names for a run's checkpoint
  nn::Parameters statistics() const;  // likewise

 private:
  std::shared_ptr<nn::Convolution> conv_, classes_;
  std::shared_ptr<nn::BatchNorm> norm_;
};

}  // namespace graft::models::deeplab
