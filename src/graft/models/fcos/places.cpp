#include "graft/models/fcos/places.h"

#include <torch/types.h>

#include "graft/models/fcos/pyramid_head.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::fcos {
namespace {

constexpr int64_t kFinest = 8;  // pixels a side to a place of the first level
constexpr int kHalvings = 3;    // that lead there

int64_t half(int64_t side) {
  return (side + 1) / 2;
}

}  // namespace

std::vector<Grid> grids_of(data::Size pixels) {
  std::vector<Grid> grids;
  Grid grid{pixels.height, pixels.width};
  for (size_t k = 0; k < kHalvings + kLevels - 1; ++k) {
    grid = {half(grid.height), half(grid.width)};
    if (k + 1 >= kHalvings) grids.push_back(grid);
  }
  return grids;
}

Places places_of(data::Size pixels) {
  std::vector<at::Tensor> x, y, size;
  Places places;
  int64_t side = kFinest;
  for (const auto& grid : grids_of(pixels)) {
    const auto rows = torch::arange(grid.height, tensor::on_cpu()) * (pixels.height / grid.height);
    const auto columns = torch::arange(grid.width, tensor::on_cpu()) * (pixels.width / grid.width);
    y.push_back(rows.unsqueeze(1).expand({grid.height, grid.width}).flatten());
    x.push_back(columns.unsqueeze(0).expand({grid.height, grid.width}).flatten());
    places.counts.push_back(grid.height * grid.width);
    size.push_back(torch::full({places.counts.back()}, static_cast<double>(side), tensor::on_cpu()));
    side *= 2;
  }
  places.x = at::cat(x);
  places.y = at::cat(y);
  places.size = at::cat(size);
  return places;
}

at::Tensor boxes_at(const Places& places, const at::Tensor& offsets) {
  const auto far = offsets * places.size.unsqueeze(1);
  return at::stack({places.x - far.select(-1, 0), places.y - far.select(-1, 1), places.x + far.select(-1, 2),
                    places.y + far.select(-1, 3)},
                   -1);
}

at::Tensor areas_of(const at::Tensor& boxes) {
  return (boxes.select(-1, 2) - boxes.select(-1, 0)) * (boxes.select(-1, 3) - boxes.select(-1, 1));
}

}  // namespace graft::models::fcos
