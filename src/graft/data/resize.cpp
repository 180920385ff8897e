#include "graft/data/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "graft/core/error.h"
#include "graft/data/resize_passes.h"
#include "graft/data/resize_weights.h"

namespace graft::data {
namespace {

Image resize_nearest(ImageView source, Size size, const Box& box, const Rect& part) {
  const auto xs = nearest_positions(source.width, box.left, box.right, size.width, part.left, part.left + part.width);
  const auto ys = nearest_positions(source.height, box.top, box.bottom, size.height, part.top, part.top + part.height);
  Image out{part.width, part.height, std::vector<std::uint8_t>(xs.size() * ys.size() * 3)};
  std::uint8_t* to = out.rgb.data();
  for (const int y : ys) {
    const std::uint8_t* row = source.row(y);
    for (const int x : xs)
      to = std::copy_n(row + 3 * x, 3, to);
  }
  return out;
}

// Where an output lies between two pixels.
struct Between {
  int low = 0, high = 0;
  float share = 0;  // of the higher one
};

// torch.nn.functional.interpolate, align_corners=False, antialias=False, in float32. Its sums are fused where its
// compiler fuses them: halves are frequent among bytes, and which way one rounds hangs on the last bit.
std::vector<Between> neighbours(float low, float high, int in_size, int out_size, int begin, int end) {
  const float scale = (high - low) / static_cast<float>(out_size);
  std::vector<Between> all;
  for (int i = begin; i < end; ++i) {
    const float at = std::max(0.0f, low + std::fma(scale, static_cast<float>(i) + 0.5f, -0.5f));
    const int first = std::min(static_cast<int>(at), in_size - 1);
    all.push_back({first, std::min(first + 1, in_size - 1), std::clamp(at - static_cast<float>(first), 0.0f, 1.0f)});
  }
  return all;
}

// Rounded half to even, as torchvision brings the floats back to bytes.
Image resize_sampled(ImageView source, Size size, const Box& box, const Rect& part) {
  const auto xs = neighbours(box.left, box.right, source.width, size.width, part.left, part.left + part.width);
  const auto ys = neighbours(box.top, box.bottom, source.height, size.height, part.top, part.top + part.height);
  Image out{part.width, part.height, std::vector<std::uint8_t>(xs.size() * ys.size() * 3)};
  std::uint8_t* to = out.rgb.data();
  for (const auto& y : ys) {
    const std::uint8_t *above = source.row(y.low), *below = source.row(y.high);
    for (const auto& x : xs) {
      const float upper = 1 - y.share, left = 1 - x.share;
      for (int c = 0; c < 3; ++c) {
        const auto at = [c](const std::uint8_t* row, int column) { return static_cast<float>(row[3 * column + c]); };
        float sum = upper * x.share * at(above, x.high);
        sum = std::fma(upper * left, at(above, x.low), sum);
        sum = std::fma(y.share * left, at(below, x.low), sum);
        sum = std::fma(y.share * x.share, at(below, x.high), sum);
        *to++ = static_cast<std::uint8_t>(std::nearbyint(sum));
      }
    }
  }
  return out;
}

// Rows [begin, end), each resized along x.
Image narrowed(ImageView source, int begin, int end, const ResizeWeights& across) {
  Image out{across.outputs(), end - begin, {}};
  const std::size_t bytes = std::size_t{3} * out.width * out.height;
  out.rgb.resize(bytes + kPassPadding);
  passes().horizontal(source, begin, end, across, out.rgb.data());
  out.rgb.resize(bytes);
  return out;
}

// Columns [begin, end), each resized along y.
Image shortened(ImageView source, int begin, int end, const ResizeWeights& down) {
  Image out{end - begin, down.outputs(), {}};
  const std::size_t row_bytes = std::size_t{3} * out.width;
  out.rgb.resize(row_bytes * out.height);
  passes().vertical(source.row(0) + std::ptrdiff_t{3} * begin, source.stride, row_bytes, down, out.rgb.data());
  return out;
}

ResizeWeights shifted(ResizeWeights weights, int begin) {
  for (int& first : weights.first)
    first -= begin;
  return weights;
}

// Pillow 13's choice, made to save work on tall images; with 8 bits between the passes their order shows.
bool vertical_first(ImageView source, Size size) {
  return size.height < source.height && source.height - size.height > 2 * (source.width - size.width);
}

void check(ImageView source, Size size, const Box& box, const Rect& part) {
  if (source.width < 1 || source.height < 1 || size.width < 1 || size.height < 1) {
    throw DataError("resize", "cannot resize {} x {} pixels to {} x {}: every side must have at least one pixel.",
                    source.width, source.height, size.width, size.height);
  }
  const bool box_inside = box.left >= 0 && box.top >= 0 && box.left < box.right && box.top < box.bottom &&
                          box.right <= source.width && box.bottom <= source.height;
  const bool part_inside = part.left >= 0 && part.top >= 0 && part.width > 0 && part.height > 0 &&
                           part.left + part.width <= size.width && part.top + part.height <= size.height;
  GRAFT_ASSERT(box_inside && part_inside);
}

}  // namespace

std::vector<std::pair<Filter, std::string>> choices(Filter) {
  return {{Filter::nearest, "nearest"},
          {Filter::box, "box"},
          {Filter::bilinear, "bilinear"},
          {Filter::hamming, "hamming"},
          {Filter::bicubic, "bicubic"},
          {Filter::lanczos, "lanczos"},
          {Filter::sampled_bilinear, "sampled-bilinear"}};
}

ImageView::ImageView(const Image& image)
    : rgb(image.rgb.data()), width(image.width), height(image.height), stride(std::ptrdiff_t{3} * image.width) {}

ImageView::ImageView(const Image& image, Rect rect) : ImageView(image) {
  GRAFT_ASSERT(rect.left >= 0 && rect.top >= 0 && rect.width > 0 && rect.height > 0);
  GRAFT_ASSERT(rect.left + rect.width <= width && rect.top + rect.height <= height);
  rgb += rect.top * stride + std::ptrdiff_t{3} * rect.left;
  width = rect.width;
  height = rect.height;
}

Image resize(ImageView source, Size size, Filter filter, std::optional<Box> wanted_box,
             std::optional<Rect> wanted_part) {
  const Box box = wanted_box.value_or(Box{0, 0, static_cast<float>(source.width), static_cast<float>(source.height)});
  const Rect part = wanted_part.value_or(Rect{0, 0, size.width, size.height});
  check(source, size, box, part);

  const bool same_width = size.width == source.width && box.left == 0 && box.right == source.width;
  const bool same_height = size.height == source.height && box.top == 0 && box.bottom == source.height;
  if (same_width && same_height) return crop(source, part);
  if (filter == Filter::nearest) return resize_nearest(source, size, box, part);
  if (filter == Filter::sampled_bilinear) return resize_sampled(source, size, box, part);

  const ResizeWeights down =
      resize_weights(filter, source.height, box.top, box.bottom, size.height, part.top, part.top + part.height);
  const ResizeWeights across =
      resize_weights(filter, source.width, box.left, box.right, size.width, part.left, part.left + part.width);
  if (same_height) return narrowed(source, part.top, part.top + part.height, across);
  if (same_width) return shortened(source, part.left, part.left + part.width, down);
  if (vertical_first(source, size)) {
    const int begin = across.first.front(), end = across.first.back() + across.count.back();
    return narrowed(shortened(source, begin, end, down), 0, part.height, shifted(across, begin));
  }
  const int begin = down.first.front(), end = down.first.back() + down.count.back();
  return shortened(narrowed(source, begin, end, across), 0, part.width, shifted(down, begin));
}

Image crop(ImageView image, Rect rect, std::array<std::uint8_t, 3> fill) {
  Image out{rect.width, rect.height, {}};
  out.rgb.resize(std::size_t{3} * rect.width * rect.height);
  const int left = std::clamp(rect.left, 0, image.width), right = std::clamp(rect.left + rect.width, 0, image.width);
  const bool whole = rect.left >= 0 && rect.top >= 0 && rect.left + rect.width <= image.width &&
                     rect.top + rect.height <= image.height;
  if (!whole) {
    for (std::size_t i = 0; i < out.rgb.size(); ++i)
      out.rgb[i] = fill[i % 3];
  }
  for (int y = 0; y < rect.height; ++y) {
    const int from = y + rect.top;
    if (from < 0 || from >= image.height || left >= right) continue;
    std::memcpy(out.rgb.data() + 3 * (static_cast<std::size_t>(y) * rect.width + (left - rect.left)),
                image.row(from) + 3 * left, 3 * static_cast<std::size_t>(right - left));
  }
  return out;
}

}  // namespace graft::data
