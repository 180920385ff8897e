// Shears, translations and rotations, as Pillow's Image.transform() and rotate() with the nearest pixel.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "graft/data/photo_changes.h"

namespace graft::data {
namespace {

Image black(int width, int height) {
  return {
      width, height,
      std::vector<std::uint8_t>(std::size_t{3} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height))};
}

void copy_pixel(const Image& from, std::int64_t from_x, std::int64_t from_y, Image& to, int x, int y) {
  const auto place = [](const Image& image, std::int64_t column, std::int64_t row) {
    return 3 * static_cast<std::size_t>(row * image.width + column);
  };
  std::copy_n(from.rgb.begin() + static_cast<std::ptrdiff_t>(place(from, from_x, from_y)), 3,
              to.rgb.begin() + static_cast<std::ptrdiff_t>(place(to, x, y)));
}

double radians(double degrees) {
  return degrees * (std::numbers::pi / 180);
}

// Where neither axis leans, Pillow steps in double precision along each.
Image scaled(const Image& image, const Affine& a) {
  Image result = black(image.width, image.height);
  const auto inside = [](double at, int length) { return at >= 0 && at < length; };
  double from_y = a[5] + a[4] * 0.5;
  for (int y = 0; y < image.height; ++y, from_y += a[4]) {
    double from_x = a[2] + a[0] * 0.5;
    for (int x = 0; x < image.width; ++x, from_x += a[0]) {
      if (!inside(from_x, image.width) || !inside(from_y, image.height)) continue;
      copy_pixel(image, static_cast<std::int64_t>(from_x), static_cast<std::int64_t>(from_y), result, x, y);
    }
  }
  return result;
}

double rounded(double value) {  // Python's round(value, 15)
  return std::nearbyint(value * 1e15) / 1e15;
}

}  // namespace

Image transform(const Image& image, const Affine& a) {
  if (a[1] == 0 && a[3] == 0) return scaled(image, a);
  // 16.16 fixed point, which reaches as far as any photo that a model reads.
  const auto fixed = [](double value) { return static_cast<std::int64_t>(std::floor(value * 65536.0 + 0.5)); };
  const std::int64_t step_xx = fixed(a[0]), step_xy = fixed(a[1]), step_yx = fixed(a[3]), step_yy = fixed(a[4]);
  std::int64_t row_x = fixed(a[2] + a[0] * 0.5 + a[1] * 0.5), row_y = fixed(a[5] + a[3] * 0.5 + a[4] * 0.5);
  Image result = black(image.width, image.height);
  for (int y = 0; y < image.height; ++y, row_x += step_xy, row_y += step_yy) {
    std::int64_t at_x = row_x, at_y = row_y;
    for (int x = 0; x < image.width; ++x, at_x += step_xx, at_y += step_yx) {
      const std::int64_t from_x = at_x >> 16, from_y = at_y >> 16;
      if (from_x < 0 || from_x >= image.width || from_y < 0 || from_y >= image.height) continue;
      copy_pixel(image, from_x, from_y, result, x, y);
    }
  }
  return result;
}

Affine affine_of(const Movement& m, std::pair<double, double> centre) {
  const auto [cx, cy] = centre;
  const double rot = radians(m.angle), sx = radians(m.shear_x), sy = radians(m.shear_y);
  const double a = std::cos(rot - sy) / std::cos(sy);
  const double b = -std::cos(rot - sy) * std::tan(sx) / std::cos(sy) - std::sin(rot);
  const double c = std::sin(rot - sy) / std::cos(sy);
  const double d = -std::sin(rot - sy) * std::tan(sx) / std::cos(sy) + std::cos(rot);
  Affine affine = {d, -b, 0, -c, a, 0};  // the inverse: its determinant is 1
  affine[2] += affine[0] * (-cx - m.translate_x) + affine[1] * (-cy - m.translate_y);
  affine[5] += affine[3] * (-cx - m.translate_x) + affine[4] * (-cy - m.translate_y);
  affine[2] += cx;
  affine[5] += cy;
  return affine;
}

Image rotate(const Image& image, double degrees) {
  double turn = std::fmod(degrees, 360.0);
  if (turn < 0) turn += 360;
  if (turn == 0) return image;
  const int width = image.width, height = image.height;
  if (turn == 180 || ((turn == 90 || turn == 270) && width == height)) {
    Image result = black(width, height);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const std::int64_t from_x = turn == 180 ? width - 1 - x : turn == 90 ? width - 1 - y : y;
        const std::int64_t from_y = turn == 180 ? height - 1 - y : turn == 90 ? x : height - 1 - x;
        copy_pixel(image, from_x, from_y, result, x, y);
      }
    }
    return result;
  }
  const double angle = -radians(turn), cx = width / 2.0, cy = height / 2.0;
  Affine a = {rounded(std::cos(angle)),  rounded(std::sin(angle)), 0,
              rounded(-std::sin(angle)), rounded(std::cos(angle)), 0};
  const double x = -cx, y = -cy;
  a[2] = a[0] * x + a[1] * y + a[2] + cx;
  a[5] = a[3] * x + a[4] * y + a[5] + cy;
  return transform(image, a);
}

}  // namespace graft::data
