#include "graft/tasks/mask_edges.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::tasks {
namespace {

// Whether all of a line's `width` neighbours on both sides are like a place, by how many steps before and after it are.
// Places lie `step` apart from `first` on; `alike(a, b)` of two that are neighbours.
template <class Alike>
void mark_inner(std::vector<uint8_t>& inner, int64_t first, int64_t step, int64_t count, int64_t width, Alike&& alike) {
  std::vector<int64_t> before(static_cast<size_t>(count));  // alike neighbours before each place
  for (int64_t i = 1; i < count; ++i) {
    const bool like = alike(first + (i - 1) * step, first + i * step);
    before[static_cast<size_t>(i)] = like ? before[static_cast<size_t>(i - 1)] + 1 : 0;
  }
  for (int64_t i = count - 1, after = 0; i >= 0; --i) {
    after = i + 1 < count && alike(first + i * step, first + (i + 1) * step) ? after + 1 : 0;
    if (before[static_cast<size_t>(i)] < width || after < width) inner[static_cast<size_t>(first + i * step)] = 0;
  }
}

}  // namespace

int64_t edge_width(data::Size photo, double of_the_diagonal) {
  return std::max<int64_t>(1, std::llround(of_the_diagonal * std::hypot(photo.height, photo.width)));
}

std::vector<uint8_t> edges_of(const data::Mask& mask, int64_t width) {
  GRAFT_ASSERT(width >= 1);
  const int64_t columns = mask.width, rows = mask.height;
  const auto same = [&](int64_t a, int64_t b) {
    return mask.classes[static_cast<size_t>(a)] == mask.classes[static_cast<size_t>(b)];
  };
  std::vector<uint8_t> in_row(mask.classes.size(), 1);  // all of its row within reach is like it
  for (int64_t y = 0; y < rows; ++y)
    mark_inner(in_row, y * columns, 1, columns, width, same);
  std::vector<uint8_t> inner = in_row;
  for (int64_t x = 0; x < columns; ++x) {
    mark_inner(inner, x, columns, rows, width, [&](int64_t a, int64_t b) {
      return same(a, b) && in_row[static_cast<size_t>(a)] == in_row[static_cast<size_t>(b)];
    });
  }
  for (auto& pixel : inner)
    pixel = 1 - pixel;
  return inner;
}

at::Tensor edge_sides(const data::Mask& told, const data::Mask& truth, const std::vector<uint8_t>& edges,
                      const std::vector<int64_t>& class_of, int64_t classes) {
  GRAFT_ASSERT(told.width == truth.width && told.height == truth.height);
  data::Mask said = told;  // several numbers may be one class, whose edge is not where they meet
  for (size_t i = 0; i < said.classes.size(); ++i) {
    auto& pixel = said.classes[i];
    const auto of = pixel < class_of.size() && truth.classes[i] != io::kIgnoredClass ? class_of[pixel] : -1;
    pixel = of < 0 ? io::kIgnoredClass : static_cast<uint8_t>(of);
  }
  const auto said_edges = edges_of(said, edge_width({truth.height, truth.width}));
  auto sides = at::zeros({3, classes}, tensor::on_cpu(at::kLong));
  auto counts = sides.accessor<int64_t, 2>();
  for (size_t i = 0; i < truth.classes.size(); ++i) {
    const auto own = truth.classes[i], other = said.classes[i];
    if (own == io::kIgnoredClass) continue;
    if (edges[i] != 0) ++counts[0][own];
    if (said_edges[i] != 0 && other != io::kIgnoredClass) ++counts[1][other];
    if (edges[i] != 0 && said_edges[i] != 0 && own == other) ++counts[2][own];
  }
  return sides;
}

}  // namespace graft::tasks
