// What one block of a ViT knows of the patches of a photo: the keys and values of its attention, what it gives, and how
// its class token attends to them. They are read by an insert at the block's qkv map while the tower runs as it always
// does.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "graft/data/resize.h"
#include "graft/models/model.h"
#include "graft/models/vit/vision_tower.h"
#include "graft/nn/joint.h"
#include "graft/nn/positions.h"

namespace graft::discovery {

struct Patches {
  at::Tensor keys;  // [N, D] float32, the heads side by side
  // [H, N] float32: the class token's attention to each patch, a softmax over all tokens; undefined without such a
  // token
  at::Tensor attention;
  nn::Grid grid;  // N = rows * columns
  int64_t heads = 1;
  at::Tensor values = {};  // [N, D] as the keys
  at::Tensor tokens = {};  // [N, D]: the block's output
};

// One at a time on a model, which it gives back as it was. Not for several threads.
class PatchReader {
 public:
  // `block` from 0; absent: the last. ModelError for a model without such blocks, ConfigError for one that it lacks.
  PatchReader(std::shared_ptr<models::Model> model, std::optional<int64_t> block);
  ~PatchReader();
  PatchReader(const PatchReader&) = delete;
  PatchReader& operator=(const PatchReader&) = delete;

  // The size that a photo is resized to: its shorter side near `side`, both whole patches, so that the patches cover
  // all of it and nothing else.
  data::Size size_for(data::Size photo, int64_t side) const;

  Patches read(const data::Image& photo, data::Size size) const;
  Patches read(const at::Tensor& pixels) const;  // [1, 3, height, width], whole patches, in the model's normalisation
  int64_t block() const { return block_; }

 private:
  struct Recorder;

  std::shared_ptr<models::Model> model_;
  const models::VisionTower* tower_;
  nn::Joint* joint_ = nullptr;
  std::shared_ptr<Recorder> recorder_;
  int64_t block_ = 0;
};

// Of a photo in a model's normalisation, at `size`: [1, 3, height, width] float32.
at::Tensor pixels_at(const models::Model& model, const data::Image& photo, data::Size size);

// ModelError where the model's reader is no ViT.
const models::VisionTower& need_vit(const models::Model& model);

}  // namespace graft::discovery
