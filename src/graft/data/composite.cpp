#include "graft/data/composite.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "graft/core/error.h"

namespace graft::data {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::size_t area_of(Size size) {
  return static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width);
}

double squared(double value) {
  return value * value;
}

// Of each pixel the nearest chosen one in its column, of two as near the upper.
std::vector<std::size_t> nearest_in_column(std::span<const std::uint8_t> chosen, Size size) {
  const auto width = static_cast<std::size_t>(size.width), height = static_cast<std::size_t>(size.height);
  std::vector<std::size_t> nearest(chosen.size(), kNone);
  for (std::size_t x = 0; x < width; ++x) {
    std::size_t above = kNone;
    for (std::size_t y = 0; y < height; ++y) {
      if (chosen[y * width + x] != 0) above = y;
      if (above != kNone) nearest[y * width + x] = above * width + x;
    }
    std::size_t below = kNone;
    for (std::size_t y = height; y-- > 0;) {
      if (chosen[y * width + x] != 0) below = y;
      auto& found = nearest[y * width + x];
      if (below != kNone && (found == kNone || below - y < y - found / width)) found = below * width + x;
    }
  }
  return nearest;
}

// A row's columns, of which each offers its nearest pixel as a parabola over the row: the lowest at each place.
class LowerEnvelope {
 public:
  explicit LowerEnvelope(std::size_t width) : columns_(width), from_(width + 1) {}

  // heights[x]: the squared distance that column x brings along, infinite where it offers nothing.
  template <class Tell>
  void each(std::span<const double> heights, Tell&& tell) {
    std::size_t count = 0;
    for (std::size_t x = 0; x < heights.size(); ++x) {
      if (!std::isfinite(heights[x])) continue;
      double begin = -HUGE_VAL;
      while (count > 0) {
        const auto last = columns_[count - 1];
        const auto at = static_cast<double>(x), before = static_cast<double>(last);
        begin = (heights[x] + squared(at) - heights[last] - squared(before)) / (2 * (at - before));
        if (begin > from_[count - 1]) break;
        --count;
        begin = -HUGE_VAL;
      }
      columns_[count] = x;
      from_[count++] = begin;
    }
    for (std::size_t x = 0, k = 0; x < heights.size(); ++x) {
      while (k + 1 < count && from_[k + 1] < static_cast<double>(x))
        ++k;
      tell(x, columns_[k]);
    }
  }

 private:
  std::vector<std::size_t> columns_;
  std::vector<double> from_;  // where each begins to be the lowest
};

std::array<std::uint8_t, 3> mean_colour(const Image& photo, std::span<const std::uint8_t> object) {
  std::array<std::uint64_t, 3> sums{};
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < object.size(); ++i) {
    if (object[i] != 0) continue;
    ++count;
    for (std::size_t c = 0; c < 3; ++c)
      sums[c] += photo.rgb[3 * i + c];
  }
  std::array<std::uint8_t, 3> mean{};
  for (std::size_t c = 0; c < 3; ++c)
    mean[c] = static_cast<std::uint8_t>((sums[c] + count / 2) / count);
  return mean;
}

}  // namespace

std::vector<std::pair<Fill, std::string>> choices(Fill) {
  return {{Fill::nearest, "nearest"}, {Fill::mean, "mean"}};
}

std::vector<std::size_t> nearest_chosen(std::span<const std::uint8_t> chosen, Size size) {
  GRAFT_ASSERT(chosen.size() == area_of(size));
  auto nearest = nearest_in_column(chosen, size);
  const auto width = static_cast<std::size_t>(size.width);
  LowerEnvelope envelope(width);
  std::vector<double> heights(width);
  std::vector<std::size_t> row(width);
  for (std::size_t y = 0; y < static_cast<std::size_t>(size.height); ++y) {
    for (std::size_t x = 0; x < width; ++x) {
      row[x] = nearest[y * width + x];
      heights[x] = row[x] == kNone ? HUGE_VAL : squared(static_cast<double>(row[x] / width) - static_cast<double>(y));
    }
    envelope.each(heights, [&](std::size_t x, std::size_t column) { nearest[y * width + x] = row[column]; });
  }
  return nearest;
}

Image without_object(const Image& photo, std::span<const std::uint8_t> object, Fill fill) {
  const Size size{photo.height, photo.width};
  GRAFT_ASSERT(object.size() == area_of(size) && std::ranges::count(object, 0) > 0);
  Image rest = photo;
  std::vector<std::size_t> nearest;
  std::array<std::uint8_t, 3> mean{};
  if (fill == Fill::nearest) {
    Object background(object.begin(), object.end());
    for (auto& pixel : background)
      pixel = pixel == 0 ? 1 : 0;
    nearest = nearest_chosen(background, size);
  } else {
    mean = mean_colour(photo, object);
  }
  for (std::size_t i = 0; i < object.size(); ++i) {
    if (object[i] == 0) continue;
    for (std::size_t c = 0; c < 3; ++c)
      rest.rgb[3 * i + c] = fill == Fill::nearest ? photo.rgb[3 * nearest[i] + c] : mean[c];
  }
  return rest;
}

Image cover(const Image& image, Size size) {
  if (image.height == size.height && image.width == size.width) return image;
  const double scale =
      std::max(static_cast<double>(size.height) / image.height, static_cast<double>(size.width) / image.width);
  // What of the image is seen, in its own pixels.
  const double height = size.height / scale, width = size.width / scale;
  const double top = (image.height - height) / 2, left = (image.width - width) / 2;
  return resize(image, size, Filter::bicubic,
                Box{static_cast<float>(std::max(0.0, left)), static_cast<float>(std::max(0.0, top)),
                    static_cast<float>(std::min<double>(image.width, left + width)),
                    static_cast<float>(std::min<double>(image.height, top + height))});
}

Image on_background(const Image& photo, std::span<const std::uint8_t> object, const Image& background, double feather) {
  const Size size{photo.height, photo.width};
  GRAFT_ASSERT(background.height == photo.height && background.width == photo.width);
  GRAFT_ASSERT(object.size() == area_of(size) && std::ranges::count(object, 0) < std::ssize(object));
  const auto nearest = feather > 0 ? nearest_chosen(object, size) : std::vector<std::size_t>();
  const auto width = static_cast<std::size_t>(photo.width);
  Image made = background;
  for (std::size_t i = 0; i < object.size(); ++i) {
    double share = object[i] == 0 ? 0 : 1;  // of the photo
    if (feather > 0 && object[i] == 0) {
      const auto rows = static_cast<double>(i / width) - static_cast<double>(nearest[i] / width);
      const auto columns = static_cast<double>(i % width) - static_cast<double>(nearest[i] % width);
      share = std::max(0.0, 1 - std::hypot(rows, columns) / (feather + 1));
    }
    if (share == 0) continue;
    for (std::size_t c = 0; c < 3; ++c) {
      const double mixed = share * photo.rgb[3 * i + c] + (1 - share) * background.rgb[3 * i + c];
      made.rgb[3 * i + c] = static_cast<std::uint8_t>(std::lround(mixed));
    }
  }
  return made;
}

}  // namespace graft::data
