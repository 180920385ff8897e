#include "graft/models/fcos/suppression.h"

#include <torch/types.h>

#include <algorithm>
#include <vector>

#include "graft/models/fcos/places.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::fcos {
namespace {

// Up to so many numbers torchvision moves each class to where no other reaches, and suppresses all at once; that rounds
// coordinates.
constexpr int64_t kMovedNumbers = 4000;

}  // namespace

at::Tensor suppressed(const at::Tensor& boxes, const at::Tensor& scores, double overlap) {
  const auto count = boxes.size(0);
  const auto order = std::get<1>(scores.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
  const auto sorted = boxes.index_select(0, order).contiguous(), areas = areas_of(sorted).contiguous();
  const auto* b = sorted.const_data_ptr<float>();
  const auto* area = areas.const_data_ptr<float>();
  std::vector<bool> gone(static_cast<size_t>(count));
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < count; ++i) {
    if (gone[static_cast<size_t>(i)]) continue;
    kept.push_back(i);
    const auto* p = b + 4 * i;
    for (int64_t j = i + 1; j < count; ++j) {
      const auto* q = b + 4 * j;
      const float width = std::max(0.0F, std::min(p[2], q[2]) - std::max(p[0], q[0]));
      const float height = std::max(0.0F, std::min(p[3], q[3]) - std::max(p[1], q[1]));
      const float both = width * height;
      if (both / (area[i] + area[j] - both) > overlap) gone[static_cast<size_t>(j)] = true;
    }
  }
  return order.index_select(0, torch::tensor(kept, tensor::on_cpu(at::kLong)));
}

at::Tensor suppressed_by_class(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& labels,
                               double overlap) {
  if (boxes.size(0) == 0) return torch::empty({0}, tensor::on_cpu(at::kLong));
  if (boxes.numel() <= kMovedNumbers) {
    const auto moved = labels.to(at::kFloat) * (boxes.max() + 1);
    return suppressed(boxes + moved.unsqueeze(1), scores, overlap);
  }
  std::vector<at::Tensor> kept;
  const auto classes = std::get<0>(at::_unique(labels, /*sorted=*/true));
  for (int64_t c = 0; c < classes.size(0); ++c) {
    const auto own = labels.eq(classes[c]).nonzero().squeeze(1);
    const auto stay = suppressed(boxes.index_select(0, own), scores.index_select(0, own), overlap);
    kept.push_back(own.index_select(0, stay));
  }
  const auto all = std::get<0>(at::cat(kept).sort());
  return all.index_select(0, std::get<1>(scores.index_select(0, all).sort(/*dim=*/0, /*descending=*/true)));
}

}  // namespace graft::models::fcos
