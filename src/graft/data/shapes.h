// Areas of a photo as COCO writes them (Lin et al. 2014, arXiv:1405.0312): polygons, and runs of a mask column by
// column, as numbers or in their letters.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graft/data/resize.h"
#include "graft/io/index_png.h"

namespace graft::data {

// x1, y1, x2, y2, ... in pixels, (0, 0) the upper left corner of the first pixel; closed by itself.
using Polygon = std::vector<double>;

// Calls `pixel` with the place in [height, width] of each pixel whose centre lies inside an odd number of the polygons'
// edges' spans (even-odd rule, of all polygons together). Other programs differ on pixels that an edge cuts. DataError
// for a corner that is no number, or farther than ten million pixels.
void fill_polygons(const std::vector<Polygon>& polygons, Size photo, const std::function<void(std::size_t)>& pixel);

// Lengths of runs, outside first, down the columns. DataError where they are not the photo's pixels together.
void fill_runs(const std::vector<std::int64_t>& runs, Size photo, const std::function<void(std::size_t)>& pixel);

// Runs out of COCO's letters: five bits a letter from '0' on, the sixth says that more follow, the highest bit that is
// there is the sign, and from the third run on each is the difference to the one before the last. DataError for letters
// that are none, more than `most` of them for one run, runs below 0 or beyond 2^40, and a last one that is cut.
std::vector<std::int64_t> runs_of_letters(std::string_view letters, int most = 12);
std::string letters_of_runs(const std::vector<std::int64_t>& runs);

// Of the pixels that are one class. Its runs begin with what is outside, perhaps 0 pixels.
struct ClassArea {
  std::vector<std::int64_t> runs;
  std::int64_t pixels = 0;
  int left = 0, top = 0, right = 0, bottom = 0;  // the box around it, right and bottom beyond
};
std::map<std::uint8_t, ClassArea> areas_of(const io::IndexImage& mask);  // of the classes that are there

}  // namespace graft::data
