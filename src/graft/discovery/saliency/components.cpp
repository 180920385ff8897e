#include "graft/discovery/saliency/components.h"

#include <torch/types.h>

#include <algorithm>
#include <vector>

namespace graft::discovery {
namespace {

// Marks the part of `mask` that holds `seed` with `label`; -> its size. Row by row, [rows, columns].
int64_t mark(const bool* mask, int64_t rows, int64_t columns, int64_t seed, int32_t label,
             std::vector<int32_t>& marks) {
  if (!mask[seed] || marks[static_cast<size_t>(seed)] != 0) return 0;
  std::vector<int64_t> open = {seed};
  marks[static_cast<size_t>(seed)] = label;
  int64_t size = 0;
  const auto visit = [&](int64_t at) {
    if (!mask[at] || marks[static_cast<size_t>(at)] != 0) return;
    marks[static_cast<size_t>(at)] = label;
    open.push_back(at);
  };
  while (!open.empty()) {
    const int64_t at = open.back(), row = at / columns, column = at % columns;
    open.pop_back();
    ++size;
    if (row > 0) visit(at - columns);
    if (row + 1 < rows) visit(at + columns);
    if (column > 0) visit(at - 1);
    if (column + 1 < columns) visit(at + 1);
  }
  return size;
}

at::Tensor marked(const std::vector<int32_t>& marks, int32_t label, const at::Tensor& like) {
  auto part = at::zeros_like(like);
  auto* out = part.data_ptr<bool>();
  for (size_t i = 0; i < marks.size(); ++i)
    out[i] = marks[i] == label;
  return part;
}

}  // namespace

at::Tensor component_of(const at::Tensor& mask, int64_t seed) {
  const auto whole = mask.contiguous();
  std::vector<int32_t> marks(static_cast<size_t>(whole.numel()), 0);
  mark(whole.const_data_ptr<bool>(), whole.size(0), whole.size(1), seed, 1, marks);
  return marked(marks, 1, whole);
}

Components components(const at::Tensor& mask) {
  const auto whole = mask.contiguous();
  std::vector<int32_t> marks(static_cast<size_t>(whole.numel()), 0);
  Components found;
  for (int64_t seed = 0; seed < whole.numel(); ++seed) {
    const auto size = mark(whole.const_data_ptr<bool>(), whole.size(0), whole.size(1), seed,
                           static_cast<int32_t>(found.sizes.size()) + 1, marks);
    if (size > 0) found.sizes.push_back(size);
  }
  found.labels = at::empty(whole.sizes(), whole.options().dtype(at::kInt));
  std::ranges::copy(marks, found.labels.data_ptr<int32_t>());
  return found;
}

at::Tensor largest_component(const at::Tensor& mask) {
  const auto parts = components(mask);
  if (parts.sizes.empty()) return at::zeros_like(mask);
  return parts.labels == std::ranges::max_element(parts.sizes) - parts.sizes.begin() + 1;
}

}  // namespace graft::discovery
