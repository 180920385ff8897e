#include "graft/detection/row_runs.h"

#include <numeric>

#include "graft/core/error.h"

namespace graft::detection {
namespace {

constexpr std::uint64_t kMostPixels = std::uint64_t{1} << 28;  // of a rectangle, which is unpacked

// Runs written pixel by pixel or many at once; the first are outside.
class RunWriter {
 public:
  void add(bool inside, std::uint32_t pixels) {
    if (pixels == 0) return;
    if (inside != inside_) counts_.push_back(0);
    inside_ = inside;
    counts_.back() += pixels;
  }
  std::vector<std::uint32_t> take() { return std::move(counts_); }

 private:
  std::vector<std::uint32_t> counts_ = {0};
  bool inside_ = false;
};

void refuse_large(std::uint64_t pixels) {
  if (pixels > kMostPixels)
    throw DataError("detection", "a mask's rectangle has {} pixels, expected at most {}.", pixels, kMostPixels);
}

}  // namespace

Runs runs_of_rows(const RowRuns& rows, std::uint32_t height, std::uint32_t width) {
  const auto pixels = std::uint64_t{rows.width} * rows.height;
  if (std::uint64_t{rows.left} + rows.width > width || std::uint64_t{rows.top} + rows.height > height)
    throw DataError("detection", "a mask of {} x {} pixels at {}, {} lies outside the image of {} x {}.", rows.width,
                    rows.height, rows.left, rows.top, width, height);
  if (std::uint64_t{height} * width > 0xffffffffU)
    throw DataError("detection", "an image of {} x {} pixels is too large for masks.", width, height);
  refuse_large(pixels);
  const auto sum = std::accumulate(rows.counts.begin(), rows.counts.end(), std::uint64_t{0});
  if (sum != pixels)
    throw DataError("detection", "the runs of a mask of {} x {} hold {} pixels.", rows.width, rows.height, sum);
  std::vector<bool> inside(pixels);
  std::uint64_t at = 0;
  for (std::size_t k = 0; k < rows.counts.size(); at += rows.counts[k++])
    if (k % 2 == 1)
      for (std::uint32_t i = 0; i < rows.counts[k]; ++i)
        inside[at + i] = true;
  RunWriter columns;
  columns.add(false, rows.left * height);
  for (std::uint32_t x = 0; x < rows.width; ++x) {
    columns.add(false, rows.top);
    for (std::uint32_t y = 0; y < rows.height; ++y)
      columns.add(inside[std::uint64_t{y} * rows.width + x], 1);
    columns.add(false, height - rows.top - rows.height);
  }
  columns.add(false, (width - rows.left - rows.width) * height);
  return {height, width, columns.take()};
}

RowRuns rows_of_runs(const Runs& runs) {
  const Box box = box_of(runs);
  RowRuns rows{static_cast<std::uint32_t>(box.x),
               static_cast<std::uint32_t>(box.y),
               static_cast<std::uint32_t>(box.width),
               static_cast<std::uint32_t>(box.height),
               {}};
  const auto pixels = std::uint64_t{rows.width} * rows.height;
  refuse_large(pixels);
  std::vector<bool> inside(pixels);
  std::uint64_t at = 0;
  for (std::size_t k = 0; k < runs.counts.size(); at += runs.counts[k++]) {
    if (k % 2 == 0) continue;
    for (std::uint64_t pixel = at; pixel < at + runs.counts[k]; ++pixel) {
      const auto x = pixel / runs.height - rows.left, y = pixel % runs.height - rows.top;
      inside[y * rows.width + x] = true;
    }
  }
  RunWriter along;
  for (std::uint64_t k = 0; k < pixels; ++k)
    along.add(inside[k], 1);
  rows.counts = along.take();
  return rows;
}

}  // namespace graft::detection
