#include "graft/plugins/mixing/mixing.h"

#define MIXING(name)               \
  namespace graft::plugins::name { \
  extern const MixingEntry entry;  \
  }
#include "graft/plugins/mixing/mixing.def"
#undef MIXING

namespace graft::plugins {

const std::vector<const MixingEntry*>& mixings() {
#define MIXING(name) &name::entry,
  static const std::vector<const MixingEntry*> all = {
#include "graft/plugins/mixing/mixing.def"
  };
#undef MIXING
  return all;
}

}  // namespace graft::plugins
