#include "graft/models/vit/timm_architectures.h"

#include <algorithm>

#include "graft/core/error.h"

namespace graft::models::vit {
namespace {

using tensor::Activation;

#define REFUSED(name, why)
#define RENAMED(old, name)
#define ARCHITECTURE(name, width, depth, heads, patch, image, activation, eps, pooling, registers, traits) \
  {name, width, depth, heads, patch, image, Activation::activation, eps, TimmPooling::pooling, registers, (traits)},
constexpr Architecture kArchitectures[] = {
#include "graft/models/vit/timm_architectures.def"
};
#undef ARCHITECTURE
#undef REFUSED

#define ARCHITECTURE(...)
#define REFUSED(name, why) {name, why},
constexpr RefusedArchitecture kRefused[] = {
#include "graft/models/vit/timm_architectures.def"
};
#undef REFUSED
#undef RENAMED

struct Renaming {
  const char* old;
  const char* name;
};
#define REFUSED(name, why)
#define RENAMED(old, name) {old, name},
constexpr Renaming kRenamed[] = {
#include "graft/models/vit/timm_architectures.def"
};
#undef ARCHITECTURE
#undef REFUSED
#undef RENAMED

}  // namespace

std::span<const Architecture> timm_architectures() {
  return kArchitectures;
}

std::span<const RefusedArchitecture> refused_timm_architectures() {
  return kRefused;
}

const Architecture& timm_architecture(std::string_view name, const std::string& file) {
  auto plain = name.substr(0, name.find('.'));
  for (const auto& renaming : kRenamed) {
    if (renaming.old == plain) plain = renaming.name;
  }
  for (const auto& known : kArchitectures) {
    if (known.name == plain) return known;
  }
  const auto* refused = std::ranges::find(kRefused, plain, &RefusedArchitecture::name);
  throw ModelError(
      "vit",
      "{}: graft does not know this architecture: {}: {}. It knows {} of timm's: ViT, DeiT, DINOv2, CLIP's towers.",
      file, name, refused == std::end(kRefused) ? "it is no VisionTransformer of timm 1.0.31" : refused->why,
      std::size(kArchitectures));
}

std::vector<const Architecture*> timm_architectures_like(int64_t width, int64_t depth, unsigned traits,
                                                         int64_t registers) {
  std::vector<const Architecture*> alike;
  for (const auto& known : kArchitectures) {
    const auto told = known.traits & ~unsigned{kPlacePatchesAlone};
    if (known.width == width && known.depth == depth && told == traits && known.registers == registers) {
      alike.push_back(&known);
    }
  }
  return alike;
}

}  // namespace graft::models::vit
