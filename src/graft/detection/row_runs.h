// Masks as CVAT writes them: a rectangle of the image, and in it runs along its rows, outside first. COCO's runs go
// down the columns of the whole image (runs.h).
#pragma once

#include <cstdint>
#include <vector>

#include "graft/detection/runs.h"

namespace graft::detection {

struct RowRuns {
  std::uint32_t left = 0, top = 0, width = 0, height = 0;  // pixels
  std::vector<std::uint32_t> counts;                       // sum to width * height; the first may be 0
};

// In an image of this size. DataError where the rectangle is not in it or has more than 2^28 pixels, or the runs are
// not its pixels together.
Runs runs_of_rows(const RowRuns& rows, std::uint32_t height, std::uint32_t width);
// In the smallest rectangle; of no pixels where nothing is inside. DataError for a rectangle of more than 2^28 pixels.
RowRuns rows_of_runs(const Runs& runs);

}  // namespace graft::detection
