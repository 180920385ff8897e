// Global context, after Cao et al. 2019 (arXiv:1904.11492), eq. 5: one mean of a residual path's positions, weighed by
// a softmax over them of a learned map, goes through a bottleneck with a layer norm and is added to every position. The
// last map starts at zero, as in the authors' code, so that the block starts as if it were not there.
// In a ViT the positions are all tokens.
#pragma once

#include <cstdint>
#include <string>

#include "graft/plugins/blocks/block.h"

namespace graft::plugins::gc {

struct Options {
  std::string at;
  int64_t ratio = 16;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("at", o.at, kAtHelp);
  visit("ratio", o.ratio, kRatioHelp);
}

extern const BlockEntry entry;

}  // namespace graft::plugins::gc
