// What the layouts of ViT checkpoints call things.
#pragma once

#include <optional>
#include <string>

#include "graft/io/weights.h"
#include "graft/models/blocks.h"

namespace graft::models::vit {

struct Names {
  const char* layout;  // "timm" stands for the names that DINO and DINOv2 share with it too
  const char* cls;
  const char* distillation;
  const char* registers;
  const char* positions;
  const char* patch;  // a convolution, with .weight and .bias
  const char* norm_pre;
  const char* norm;
  const char* blocks;
  BlockNames block;
};

struct Found {
  const Names* names;
  std::string prefix;  // before every name: "backbone.", "vit."
};

// The layout of these tensors, if it is one of a ViT.
std::optional<Found> find_names(const io::Weights& weights);

}  // namespace graft::models::vit
