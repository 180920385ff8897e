// Boxes drawn on photos.
#pragma once

#include "graft/detection/set.h"
#include "graft/io/image.h"
#include "graft/io/index_png.h"

namespace graft::detection {

// A frame as thick as a 300th of the photo's longer side, inside its edges.
void draw_box(io::Image& photo, const Box& box, const io::Colour& colour);

// A class's, of Pascal's without black.
const io::Colour& colour_of(std::size_t category);

}  // namespace graft::detection
