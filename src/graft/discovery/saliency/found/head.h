// FOUND's second stage, after Siméoni et al. 2023 (arXiv:2212.07834): a 1x1 convolution on the keys, trained without
// labels to say what the first stage says and what its own answer is once it follows the photo's edges. Its released
// weights are read, and it is trained on a folder's photos. Departures: photos are looked at whole and not in random
// crops with blur, so that the ViT sees each once; a refined mask's holes are not filled; and keys have mean 0 and
// variance 1 while it trains, as a head that calls every patch an object, or none, agrees with itself and stays there.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "graft/core/log.h"
#include "graft/discovery/saliency/patch_head.h"
#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery::found {

// As valeoai/FOUND saves it, {"decoder": {"weight": [1, D, 1, 1], "bias": [1]}}, in PyTorch's file or as safetensors
// decoder.weight and decoder.bias. FileError or ModelError for anything else.
PatchHead read_head(const std::filesystem::path& file);

struct HeadTraining {
  int64_t steps = 500;
  int64_t batch = 50;
  int64_t photos = 500;
  int64_t seed = 1;
};
template <class Visitor>
void fields(Visitor& visit, HeadTraining& o) {
  visit("steps", o.steps, "of training the head");
  visit("batch", o.batch, "photos a step");
  visit("photos", o.photos, "most photos that it learns of, drawn at random: their keys are held in memory");
  visit("seed", o.seed, "of its first weights and of the order of photos");
}

// The keys of a photo, and what is asked of them.
struct HeadStep {
  at::Tensor keys;  // [N, D]
  at::Tensor
      background;      // [N] bool or undefined: the first stage's object, refined; undefined once that counts no more
  at::Tensor own;      // [N] bool: the head's answer
  at::Tensor refined;  // [N] bool: it, refined
};
// The paper's loss over the patches of a batch: cross-entropy to the first stage + 1.5 x to the refined answer, later
// 1.5 x to the refined answer + 4 x to the answer itself.
at::Tensor head_loss(const PatchHead& head, const std::vector<HeadStep>& batch);

// AdamW at 5e-2, times 0.95 every 50 steps. DataError where no photo has a background. The same photos and seed give
// the same head.
PatchHead train_head(const SeenPhotos& photos, double tau, const HeadTraining& training, Reporter& report);

// mask [rows, columns] bool of patches -> the same, moved to the photo's edges by the bilateral solver at 8 pixels a
// patch; as it was where the two overlap by half or less.
class EdgeFollower {
 public:
  EdgeFollower(const data::Image& photo, nn::Grid grid);
  ~EdgeFollower();
  EdgeFollower(EdgeFollower&&) noexcept;
  at::Tensor follow(const at::Tensor& mask) const;

 private:
  struct Grid;
  std::unique_ptr<Grid> grid_;
};

}  // namespace graft::discovery::found
