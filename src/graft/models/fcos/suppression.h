// Which of many boxes are told: of boxes of one class that overlap, the surest (greedy non-maximum suppression), in
// torchvision's arithmetic, so that the same ones stay.
#pragma once

#include <ATen/core/Tensor.h>

namespace graft::models::fcos {

// boxes [N, 4], scores [N] -> places of those that stay, the surest first. One goes where a surer one overlaps it by
// more than `overlap` (intersection over union).
at::Tensor suppressed(const at::Tensor& boxes, const at::Tensor& scores, double overlap);
// Only boxes of one class are compared. labels [N] int64
at::Tensor suppressed_by_class(const at::Tensor& boxes, const at::Tensor& scores, const at::Tensor& labels,
                               double overlap);

}  // namespace graft::models::fcos
