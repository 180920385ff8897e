// Masks as pictures for a report: the colours of their numbers laid over the photo.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "graft/data/masks.h"
#include "graft/io/image.h"
#include "graft/report/contact_sheet.h"

namespace graft::cli {

// The colour of each number; none: the photo is seen there.
using MaskColours = std::array<std::optional<report::Colour>, 256>;

inline constexpr report::Colour kNoClass = {128, 128, 128};  // of what is told to be no class

// Pascal's colours, of classes in their order; a class called background is clear, and what is not counted as well.
MaskColours colours_of(const std::vector<std::string>& classes);
std::vector<report::Swatch> legend_of(const std::vector<std::string>& classes);  // of those that are not clear

// The photo with the mask over it, as a data URI; of another size the mask is stretched to the photo's. Without a photo
// the mask's colours on white.
std::string painted_uri(const io::Image* photo, const data::Mask& mask, const MaskColours& colours);

}  // namespace graft::cli
