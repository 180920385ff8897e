#include "graft/models/fcos/photo_fit.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::fcos {
namespace {

constexpr double kMean[] = {0.485, 0.456, 0.406}, kStd[] = {0.229, 0.224, 0.225};  // ImageNet's
constexpr int kDivisible = 32;

int rounded_up(int side) {
  return (side + kDivisible - 1) / kDivisible * kDivisible;
}

}  // namespace

data::Size padded(data::Size read) {
  return {rounded_up(read.height), rounded_up(read.width)};
}

at::Tensor in_zeros(const at::Tensor& pixels, data::Size size) {
  return at::constant_pad_nd(pixels, {0, size.width - pixels.size(2), 0, size.height - pixels.size(1)});
}

FittedPhoto fitted(const io::Image& photo, const PhotoFit& fit) {
  const double shorter = std::min(photo.height, photo.width), longer = std::max(photo.height, photo.width);
  const double scale = std::min(static_cast<double>(fit.shortest) / shorter, static_cast<double>(fit.longest) / longer);
  const auto side = [&](int own) { return static_cast<int>(std::floor(static_cast<double>(own) * scale)); };
  const data::Size read{side(photo.height), side(photo.width)};
  if (read.height < 1 || read.width < 1) {
    throw DataError("detection", "a photo of {} x {} pixels is too narrow: nothing is left of it at {} pixels.",
                    photo.width, photo.height, fit.longest);
  }
  const auto bytes = torch::from_blob(const_cast<uint8_t*>(photo.rgb.data()), {photo.height, photo.width, 3},
                                      tensor::on_cpu(at::kByte));
  auto x = bytes.permute({2, 0, 1}).to(at::kFloat).contiguous().div_(255);
  for (int64_t c = 0; c < 3; ++c)
    x[c].sub_(static_cast<float>(kMean[c])).div_(static_cast<float>(kStd[c]));
  return {at::upsample_bilinear2d(x.unsqueeze(0), {read.height, read.width}, /*align_corners=*/false).squeeze(0),
          {photo.height, photo.width},
          read};
}

}  // namespace graft::models::fcos
