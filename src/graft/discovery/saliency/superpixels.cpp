#include "graft/discovery/saliency/superpixels.h"

#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery {
namespace {

constexpr int kRounds = 10;
constexpr double kSeen = 1.0;  // of Lab: about the least difference between two colours that is seen

double linear(int level) {
  const double c = level / 255.0;
  return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

double lightness(double t) {  // the f of CIE 15:2004, 8.2.1
  constexpr double kDelta = 6.0 / 29;
  return t > kDelta * kDelta * kDelta ? std::cbrt(t) : t / (3 * kDelta * kDelta) + 4.0 / 29;
}

struct Centre {
  double colour[3] = {};
  double y = 0, x = 0;
};

// The photo while it is cut.
struct Cutting {
  const double* lab;
  int64_t height, width;
  double step;  // side of a part, S in the paper
  std::vector<Centre> centres = {};
  std::vector<int64_t> of = {};  // each pixel's centre; -1: none is near

  const double* at(int64_t y, int64_t x) const { return lab + 3 * (y * width + x); }

  double gradient(int64_t y, int64_t x) const {
    const auto *left = at(y, std::max<int64_t>(x - 1, 0)), *right = at(y, std::min(x + 1, width - 1));
    const auto *up = at(std::max<int64_t>(y - 1, 0), x), *down = at(std::min(y + 1, height - 1), x);
    double sum = 0;
    for (int c = 0; c < 3; ++c)
      sum += (right[c] - left[c]) * (right[c] - left[c]) + (down[c] - up[c]) * (down[c] - up[c]);
    return sum;
  }

  // On a regular grid, each moved to the flattest pixel of the nine around it.
  void place_centres() {
    const auto along = [&](int64_t pixels) {
      return std::clamp<int64_t>(std::llround(static_cast<double>(pixels) / step), 1, pixels);
    };
    const auto rows = along(height), columns = along(width);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        const auto y = (2 * row + 1) * height / (2 * rows), x = (2 * column + 1) * width / (2 * columns);
        auto best_y = y, best_x = x;
        for (auto ny = std::max<int64_t>(y - 1, 0); ny <= std::min(y + 1, height - 1); ++ny)
          for (auto nx = std::max<int64_t>(x - 1, 0); nx <= std::min(x + 1, width - 1); ++nx)
            if (gradient(ny, nx) < gradient(best_y, best_x)) best_y = ny, best_x = nx;
        const auto* colour = at(best_y, best_x);
        centres.push_back(
            {{colour[0], colour[1], colour[2]}, static_cast<double>(best_y), static_cast<double>(best_x)});
      }
    }
  }

  // Each pixel to the nearest centre of those at most a step away in each direction.
  void assign(double compactness) {
    std::vector<double> nearest(of.size(), std::numeric_limits<double>::infinity());
    std::fill(of.begin(), of.end(), -1);
    const double weight = compactness * compactness / (step * step);
    for (size_t k = 0; k < centres.size(); ++k) {
      const auto& centre = centres[k];
      const auto top = std::max<int64_t>(0, static_cast<int64_t>(centre.y - step));
      const auto left = std::max<int64_t>(0, static_cast<int64_t>(centre.x - step));
      const auto bottom = std::min(height, static_cast<int64_t>(centre.y + step) + 1);
      const auto right = std::min(width, static_cast<int64_t>(centre.x + step) + 1);
      for (auto y = top; y < bottom; ++y) {
        for (auto x = left; x < right; ++x) {
          const auto* colour = at(y, x);
          const double dy = static_cast<double>(y) - centre.y, dx = static_cast<double>(x) - centre.x;
          double distance = weight * (dy * dy + dx * dx);
          for (int c = 0; c < 3; ++c)
            distance += (colour[c] - centre.colour[c]) * (colour[c] - centre.colour[c]);
          const auto pixel = static_cast<size_t>(y * width + x);
          if (distance < nearest[pixel]) nearest[pixel] = distance, of[pixel] = static_cast<int64_t>(k);
        }
      }
    }
  }

  void move_centres() {
    std::vector<Centre> sums(centres.size());
    std::vector<double> counts(centres.size(), 0);
    for (size_t pixel = 0; pixel < of.size(); ++pixel) {
      if (of[pixel] < 0) continue;
      const auto k = static_cast<size_t>(of[pixel]);
      for (size_t c = 0; c < 3; ++c)
        sums[k].colour[c] += lab[3 * pixel + c];
      sums[k].y += static_cast<double>(static_cast<int64_t>(pixel) / width);
      sums[k].x += static_cast<double>(static_cast<int64_t>(pixel) % width);
      ++counts[k];
    }
    for (size_t k = 0; k < centres.size(); ++k) {
      if (counts[k] == 0) continue;
      for (double& c : sums[k].colour)
        c /= counts[k];
      centres[k] = sums[k];
      centres[k].y /= counts[k];
      centres[k].x /= counts[k];
    }
  }

  // Numbers anew, row by row: each connected piece of a part is a part, and small ones take a neighbour's number.
  std::vector<int64_t> connected() const {
    const auto least = static_cast<int64_t>(step * step / 4);
    std::vector<int64_t> numbers(of.size(), -1), piece;
    int64_t next = 0;
    const auto around = [&](int64_t pixel) {
      const auto y = pixel / width, x = pixel % width;
      return std::array<int64_t, 4>{x > 0 ? pixel - 1 : -1, y > 0 ? pixel - width : -1, x + 1 < width ? pixel + 1 : -1,
                                    y + 1 < height ? pixel + width : -1};
    };
    for (int64_t start = 0; start < static_cast<int64_t>(of.size()); ++start) {
      if (numbers[static_cast<size_t>(start)] >= 0) continue;
      int64_t neighbour = -1;
      for (const auto other : around(start))
        if (other >= 0 && numbers[static_cast<size_t>(other)] >= 0) neighbour = numbers[static_cast<size_t>(other)];
      piece.assign(1, start);
      numbers[static_cast<size_t>(start)] = next;
      for (size_t i = 0; i < piece.size(); ++i) {
        for (const auto other : around(piece[i])) {
          if (other < 0 || numbers[static_cast<size_t>(other)] >= 0) continue;
          if (of[static_cast<size_t>(other)] != of[static_cast<size_t>(start)]) continue;
          numbers[static_cast<size_t>(other)] = next;
          piece.push_back(other);
        }
      }
      if (static_cast<int64_t>(piece.size()) < least && neighbour >= 0) {
        for (const auto pixel : piece)
          numbers[static_cast<size_t>(pixel)] = neighbour;
      } else {
        ++next;
      }
    }
    return numbers;
  }
};

}  // namespace

void check(const char* where, const SuperpixelOptions& options) {
  if (options.superpixels < 2) throw ConfigError(where, "superpixels {}: expected 2 or more.", options.superpixels);
  if (options.compactness <= 0) throw ConfigError(where, "compactness {}: expected above 0.", options.compactness);
  if (options.side < 1) throw ConfigError(where, "side {}: expected 1 pixel or more.", options.side);
}

at::Tensor to_lab(const data::Image& photo) {
  static const auto levels = [] {
    std::array<double, 256> all{};
    for (int level = 0; level < 256; ++level)
      all[static_cast<size_t>(level)] = linear(level);
    return all;
  }();
  auto lab = at::empty({photo.height, photo.width, 3}, tensor::on_cpu(at::kDouble));
  auto* out = lab.data_ptr<double>();
  for (size_t i = 0; i < photo.rgb.size(); i += 3) {
    const double r = levels[photo.rgb[i]], g = levels[photo.rgb[i + 1]], b = levels[photo.rgb[i + 2]];
    // IEC 61966-2-1, over D65's white (0.95047, 1, 1.08883)
    const double x = lightness((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    const double y = lightness(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
    const double z = lightness((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883);
    out[i] = 116 * y - 16;
    out[i + 1] = 500 * (x - y);
    out[i + 2] = 200 * (y - z);
  }
  return lab;
}

at::Tensor slic(const at::Tensor& lab, int64_t count, double compactness) {
  const auto whole = lab.contiguous();
  const auto height = whole.size(0), width = whole.size(1);
  Cutting cutting{.lab = whole.const_data_ptr<double>(),
                  .height = height,
                  .width = width,
                  .step = std::max(1.0, std::sqrt(static_cast<double>(height * width) / static_cast<double>(count)))};
  cutting.of.assign(static_cast<size_t>(height * width), -1);
  cutting.place_centres();
  for (int round = 0; round < kRounds; ++round) {
    cutting.assign(compactness);
    cutting.move_centres();
  }
  const auto numbers = cutting.connected();
  auto labels = at::empty({height, width}, tensor::on_cpu(at::kLong));
  std::ranges::copy(numbers, labels.data_ptr<int64_t>());
  return labels;
}

Superpixels parts_of(const at::Tensor& lab, const at::Tensor& labels) {
  const auto height = labels.size(0), width = labels.size(1);
  const auto flat = labels.flatten();
  const auto count = flat.max().item<int64_t>() + 1;
  const auto options = lab.options();
  const auto areas = flat.bincount({}, count).to(at::kDouble).unsqueeze(1);
  const auto mean = [&](const at::Tensor& rows) {
    return at::zeros({count, rows.size(1)}, options).index_add(0, flat, rows) / areas;
  };
  const auto y = ((at::arange(height, options) + 0.5) / height).view({-1, 1}).expand({height, width});
  const auto x = ((at::arange(width, options) + 0.5) / width).view({1, -1}).expand({height, width});
  Superpixels parts{.labels = labels,
                    .colours = mean(lab.reshape({-1, 3})),
                    .places = mean(at::stack({y, x}, 2).reshape({-1, 2})),
                    .touches = at::zeros({count, count}, tensor::on_cpu(at::kBool)),
                    .border = at::zeros({count}, tensor::on_cpu(at::kBool))};
  const auto touch = [&](const at::Tensor& a, const at::Tensor& b) {
    parts.touches.index_put_({a.flatten(), b.flatten()}, true);
    parts.touches.index_put_({b.flatten(), a.flatten()}, true);
  };
  touch(labels.narrow(0, 0, height - 1), labels.narrow(0, 1, height - 1));
  touch(labels.narrow(1, 0, width - 1), labels.narrow(1, 1, width - 1));
  parts.touches.fill_diagonal_(false);
  for (const auto& edge :
       {labels.select(0, 0), labels.select(0, height - 1), labels.select(1, 0), labels.select(1, width - 1)})
    parts.border.index_fill_(0, edge, true);
  return parts;
}

Superpixels superpixels(const data::Image& photo, const SuperpixelOptions& options) {
  const double scale = static_cast<double>(options.side) / std::min(photo.height, photo.width);
  const auto scaled = [&](int pixels) { return std::max(1, static_cast<int>(std::lround(scale * pixels))); };
  const auto lab = to_lab(
      scale < 1 ? data::resize(photo, {scaled(photo.height), scaled(photo.width)}, data::Filter::bilinear) : photo);
  return parts_of(lab, slic(lab, options.superpixels, options.compactness));
}

at::Tensor distances_between(const at::Tensor& rows) {
  return (rows.unsqueeze(1) - rows.unsqueeze(0)).square().sum(2).sqrt();
}

bool has_one_colour(const Superpixels& parts) {
  return distances_between(parts.colours).max().item<double>() < kSeen;
}

at::Tensor map_of(const Superpixels& parts, const at::Tensor& values) {
  const auto least = values.min(), most = values.max();
  if (most.item<double>() - least.item<double>() <= 1e-9 * most.abs().item<double>()) return {};
  return ((values - least) / (most - least))
      .index_select(0, parts.labels.flatten())
      .view_as(parts.labels)
      .to(at::kFloat);
}

}  // namespace graft::discovery
