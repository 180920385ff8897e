// timm's VisionTransformer models by name: what their tensors do not tell, and which of them graft's blocks cannot run.
// tests/golden/make/timm_architectures.py writes the table from timm itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/tensor/activation_kind.h"

namespace graft::models::vit {

// How timm makes one row of all: of the first token, of the patches' mean, or by attention, which graft does not have.
enum class TimmPooling { token, avg, map };

enum Trait : unsigned {
  kClass = 1,               // a class token
  kDistilled = 2,           // DeiT's distillation token behind it
  kNormPre = 4,             // CLIP's norm before the blocks, and no bias on the patches
  kFinalNorm = 8,           // a norm behind the blocks, before or after pooling
  kScale = 16,              // LayerScale
  kQkvBias = 32,            // a bias on queries, keys and values
  kPlacePatchesAlone = 64,  // timm's no_embed_class: no positions for the tokens before the patches
};

struct Architecture {
  const char* name;
  int64_t width, depth, heads, patch, image;
  tensor::Activation activation;
  double eps;
  TimmPooling pooling;
  int64_t registers;
  unsigned traits;

  bool has(Trait trait) const { return (traits & trait) != 0; }
};

struct RefusedArchitecture {
  const char* name;
  const char* why;
};

std::span<const Architecture> timm_architectures();
std::span<const RefusedArchitecture> refused_timm_architectures();

// The architecture called so, with or without a tag ("vit_base_patch16_224.augreg_in21k"), as newer or older versions
// of timm call it. ModelError with the reason where graft cannot run it; `file` names it.
const Architecture& timm_architecture(std::string_view name, const std::string& file);

// Those with this width, depth, registers and traits (all but kPlacePatchesAlone), which is what a lone checkpoint
// tells of itself.
std::vector<const Architecture*> timm_architectures_like(int64_t width, int64_t depth, unsigned traits,
                                                         int64_t registers);

}  // namespace graft::models::vit
