#include "graft/plugins/blocks/block.h"

#define BLOCK(name)                \
  namespace graft::plugins::name { \
  extern const BlockEntry entry;   \
  }
#include "graft/plugins/blocks/blocks.def"
#undef BLOCK

namespace graft::plugins {

const std::vector<const BlockEntry*>& blocks() {
#define BLOCK(name) &name::entry,
  static const std::vector<const BlockEntry*> all = {
#include "graft/plugins/blocks/blocks.def"
  };
#undef BLOCK
  return all;
}

}  // namespace graft::plugins
