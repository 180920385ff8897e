// Masks as runs, as COCO has them: how many pixels are outside, inside, outside ... down the columns from the first
// pixel. Rasterised from polygons, read and written as maskApi does (Lin et al. 2014): the same runs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/detection/json_fields.h"
#include "graft/detection/set.h"

namespace graft::detection {

struct Runs {
  std::uint32_t height = 0, width = 0;
  std::vector<std::uint32_t> counts;  // sum to height * width; the first may be 0

  std::uint64_t area() const;  // pixels inside
};

// Corners x0, y0, x1, y1 ... in pixels; closed by itself. Edges are drawn five times as fine, then columns are cut at
// pixel centres. DataError for corners far outside, or an image of 2^32 pixels or more.
Runs runs_of_polygon(std::span<const double> corners, std::uint32_t height, std::uint32_t width);
// Pixels that lie in any.
Runs merged(const std::vector<Runs>& parts);
// COCO's runs in letters (data/shapes.h). DataError where they are not of that form, or one is 2^32 or more.
std::vector<std::uint32_t> read_counts(std::string_view text);

// What stands in a `segmentation`: polygons, runs as numbers, or runs as text. `height` and `width` are the image's,
// for polygons. DataError that says what was expected.
Runs runs_of(const Value& segmentation, std::uint32_t height, std::uint32_t width);

// Of a `segmentation` as text; nothing where it holds no runs, or runs that are not its pixels together.
std::optional<Runs> runs_in(std::string_view segmentation);
// {"size": [height, width], "counts": COCO's letters}.
std::string runs_text(const Runs& runs);

// Intersection over union, or over `own` area where the other is a crowd; 0 where nothing is shared, -1 where the sizes
// differ.
double run_overlap(const Runs& own, const Runs& other, bool crowd);
// The smallest box around what is inside; all 0 where nothing is.
Box box_of(const Runs& runs);

}  // namespace graft::detection
