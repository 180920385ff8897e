// Saliency that somebody else made: a folder of masks named as the photos are, in the photos' sizes. Read are pictures
// of class numbers (0 is background, 255 counts for nothing, all else is salient) and grey or coloured pictures, whose
// brightest channel is the saliency.
#pragma once

#include "graft/discovery/saliency/saliency.h"

namespace graft::discovery::folder {

struct Options {
  std::string dir;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("dir", o.dir, "folder of the masks: of a/b.jpg it is a/b.png there");
}

extern const SaliencyEntry entry;

}  // namespace graft::discovery::folder
