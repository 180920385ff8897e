// What FCOS puts behind a network of maps: a pyramid of its last three stages and two coarser levels (Lin et al. 2017,
// arXiv:1612.03144; RetinaNet's P6 and P7, Lin et al. 2017, arXiv:1708.02002), and over each level the same two towers
// of convolutions with group norms, one for classes, one for boxes and centre-ness (Tian et al. 2019,
// arXiv:1904.01355), in torchvision's form and names. It reads three places of the network and so is no head of one
// place: forward() of Head is not for it, levels() is.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "graft/models/checkpoint.h"
#include "graft/models/head.h"
#include "graft/nn/convolution.h"

namespace graft::models::fcos {

inline constexpr size_t kStages = 3, kLevels = 5;

struct HeadShape {
  int64_t classes = 0;
  int64_t width = 256;                       // of the pyramid and the towers; a multiple of 32
  int64_t convolutions = 4;                  // of each tower
  std::array<int64_t, kStages> inputs = {};  // channels of the network's stages
};

class GroupNorm final : public torch::nn::Module {
 public:
  GroupNorm(at::Tensor weight, at::Tensor bias);  // of 32 groups (Wu and He 2018, arXiv:1803.08494)
  at::Tensor forward(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_;
};

class PyramidHead final : public Head {
 public:
  // Of one level [B, ., h, w]: logits of classes, distances to a box's sides in units of the level's size (left, top,
  // right, bottom; none below 0), and the logit of centre-ness.
  struct Level {
    at::Tensor logits, offsets, centres;
  };

  // Where tensors come from: a checkpoint's, or drawn ones.
  using Take =
      std::function<at::Tensor(const std::string& ours, const std::string& theirs, std::vector<int64_t> shape)>;
  // `old_names`: the pyramid's as torchvision wrote them before 0.14.
  PyramidHead(const HeadShape& shape, const Take& take, bool old_names);

  // maps [B, C, h, w] of the stages, the finest first -> levels, the finest first.
  std::vector<Level> levels(const std::array<at::Tensor, kStages>& maps) const;
  const HeadShape& shape() const { return shape_; }
  bool reads_rows() const override { return false; }

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;  // InternalError

 private:
  using Convolution = std::shared_ptr<nn::Convolution>;
  using Tower = std::vector<std::pair<Convolution, std::shared_ptr<GroupNorm>>>;
  std::vector<at::Tensor> pyramid(const std::array<at::Tensor, kStages>& maps) const;
  static at::Tensor through(const Tower& tower, at::Tensor x);

  HeadShape shape_;
  std::array<Convolution, kStages> inner_, layer_;
  Convolution p6_, p7_, logits_, offsets_, centre_;
  Tower of_classes_, of_boxes_;
};

// What a checkpoint's tensors say of its head; `inputs` besides. ModelError for sizes that cannot be.
HeadShape shape_of(const CheckpointReader& reader, std::array<int64_t, kStages> inputs, bool old_names);
bool has_old_names(const CheckpointReader& reader);
bool of_classes(const std::string& ours);  // a parameter that has a row for each class

// Tensors of a new head as torchvision draws them: N(0, 0.01²), those of the pyramid U(±sqrt(3 / fan-in)), biases 0,
// and those of classes such that each is told with a probability of 0.01. But boxes begin as the paper's, exp(0) = 1
// level's size to each side: from torchvision's 0 half of all places have no gradient behind the rectifier, and
// training from scratch can lose them all.
at::Tensor drawn(const std::string& theirs, const std::vector<int64_t>& shape, const Random& random);

}  // namespace graft::models::fcos
