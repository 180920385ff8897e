// The same photo or text, byte for byte, where it must not be twice: in two splits, so that a test asks what was
// trained on, or under two classes.
#pragma once

#include <string>
#include <vector>

#include "graft/data/dataset.h"
#include "graft/data/image_cache.h"

namespace graft::data {

// A sentence for each of the two kinds that there are, with the first three pairs; of the photos that `images` has
// seen, or of all texts. Under two classes means with another target, whatever that is.
std::vector<std::string> duplicate_notes(const Dataset& dataset, const ImageCache& images);

}  // namespace graft::data
