#include "graft/tasks/pixel_counts.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::tasks {
namespace {

constexpr int64_t kLogitsAtOnce = int64_t{1} << 21;  // logits of so many pixels times classes

// [to, from]: what each of `to` positions takes of `from` ones; half-pixel centres, the ends repeated.
at::Tensor stretching(int64_t from, int64_t to) {
  auto weights = at::zeros({to, from}, tensor::on_cpu());
  auto w = weights.accessor<float, 2>();
  for (int64_t i = 0; i < to; ++i) {
    const double at = std::max(0.0, (static_cast<double>(i) + 0.5) * static_cast<double>(from) / to - 0.5);
    const auto low = std::min(static_cast<int64_t>(at), from - 1), high = std::min(low + 1, from - 1);
    const auto share = static_cast<float>(at - static_cast<double>(low));
    w[i][low] += 1 - share;
    w[i][high] += share;
  }
  return weights;
}

}  // namespace

PixelAnswer answer_pixels(const at::Tensor& logits, const data::Mask& truth) {
  const torch::NoGradGuard no_grad;
  const int64_t classes = logits.size(0), height = truth.height, width = truth.width;
  PixelAnswer answer;
  answer.told = {truth.width, truth.height, std::vector<uint8_t>(truth.classes.size()), {}};
  answer.confusion = at::zeros({classes, classes}, tensor::on_cpu(at::kLong));
  const auto down = stretching(logits.size(1), height);                                      // [H, h]
  const auto wide = at::matmul(logits.contiguous(), stretching(logits.size(2), width).t());  // [K, h, W]
  const auto known_classes =
      torch::from_blob(const_cast<uint8_t*>(truth.classes.data()), {height, width}, tensor::on_cpu(at::kByte));
  const int64_t rows = std::max<int64_t>(1, kLogitsAtOnce / std::max<int64_t>(1, classes * width));
  for (int64_t begin = 0; begin < height; begin += rows) {
    const auto count = std::min(rows, height - begin);
    const auto band = at::matmul(down.narrow(0, begin, count), wide);  // [K, rows, W]
    const auto told = band.argmax(0);                                  // [rows, W]
    const auto bytes = told.to(at::kByte).contiguous();
    std::copy_n(bytes.const_data_ptr<uint8_t>(), bytes.numel(), answer.told.classes.begin() + begin * width);
    const auto label = known_classes.narrow(0, begin, count).to(at::kLong).reshape({-1});
    const auto known = label.ne(io::kIgnoredClass).nonzero().squeeze(1);
    if (known.numel() == 0) continue;
    const auto own = label.index_select(0, known);
    const auto cells = own * classes + told.reshape({-1}).index_select(0, known);
    answer.confusion += at::bincount(cells, {}, classes * classes).view({classes, classes});
    const auto columns = band.reshape({classes, -1}).index_select(1, known);  // [K, known]
    const auto losses = at::logsumexp(columns, 0) - columns.gather(0, own.unsqueeze(0)).squeeze(0);
    answer.loss += losses.sum(at::kDouble).item<double>();
  }
  return answer;
}

at::Tensor sides_of(const at::Tensor& confusion) {
  return at::stack({confusion.sum(-1), confusion.sum(-2), confusion.diagonal(0, -2, -1)}, -2);
}

at::Tensor iou_of(const at::Tensor& sides) {
  const auto s = sides.to(at::kDouble);
  const auto both = s.select(-2, 2);
  const auto either = s.select(-2, 0) + s.select(-2, 1) - both;
  return both / either;  // 0 / 0 is NaN
}

at::Tensor mean_iou(const at::Tensor& sides) {
  const auto iou = iou_of(sides);
  const auto there = iou.isfinite();
  return iou.nan_to_num(0).sum(-1) / there.sum(-1).to(at::kDouble);
}

}  // namespace graft::tasks
