// A picture as PNG, for those who look at it: 8-bit RGB. The same pixels give the same bytes.
#pragma once

#include <string>

#include "graft/io/image.h"

namespace graft::io {

std::string encode_png(const Image& image);

}  // namespace graft::io
