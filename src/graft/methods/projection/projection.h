// A CLIP of one's own: a linear map behind each of two frozen towers, into a space where photos and their captions are
// near (models/pair_head.h). After Zhai et al. 2022 (LiT, arXiv:2111.07991), who lock the image tower and train a text
// tower; here both are locked, so that each photo and each caption is encoded once. On a CLIP the maps start as the
// identity, unless another width is asked for.
#pragma once

#include <optional>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"

namespace graft::methods::projection {

struct Options {
  std::optional<int64_t> width = {};
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("width", o.width, "of the space that both maps lead to (default: the narrower tower's)");
}

extern const Entry entry;

}  // namespace graft::methods::projection
