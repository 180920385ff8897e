#include "graft/data/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "graft/core/error.h"

namespace graft::data {
namespace {

constexpr int kFirstLetter = 48;                          // '0'
constexpr double kFarthest = 1e7;                         // a corner from a photo, in pixels
constexpr std::int64_t kLongest = std::int64_t{1} << 40;  // a run

}  // namespace

void fill_polygons(const std::vector<Polygon>& polygons, Size photo, const std::function<void(std::size_t)>& pixel) {
  for (const Polygon& polygon : polygons) {
    for (const double place : polygon) {
      if (!(std::abs(place) <= kFarthest)) throw DataError("mask", "a polygon with a corner at {}.", place);
    }
  }
  std::vector<double> crossings;
  for (int y = 0; y < photo.height; ++y) {
    const double at = y + 0.5;
    crossings.clear();
    for (const Polygon& polygon : polygons) {
      const std::size_t corners = polygon.size() / 2;
      for (std::size_t i = 0; i < corners; ++i) {
        const std::size_t j = (i + 1) % corners;
        const double x0 = polygon[2 * i], y0 = polygon[2 * i + 1], x1 = polygon[2 * j], y1 = polygon[2 * j + 1];
        if ((y0 <= at) == (y1 <= at)) continue;  // an end on the line counts once
        crossings.push_back(x0 + (at - y0) / (y1 - y0) * (x1 - x0));
      }
    }
    std::ranges::sort(crossings);
    for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
      // Centres x + 0.5 in [begin, end).
      const double begin = std::clamp(std::ceil(crossings[i] - 0.5), 0.0, static_cast<double>(photo.width));
      const double end = std::clamp(std::ceil(crossings[i + 1] - 0.5), 0.0, static_cast<double>(photo.width));
      for (auto x = static_cast<std::size_t>(begin); x < static_cast<std::size_t>(end); ++x)
        pixel(static_cast<std::size_t>(y) * photo.width + x);
    }
  }
}

void fill_runs(const std::vector<std::int64_t>& runs, Size photo, const std::function<void(std::size_t)>& pixel) {
  const auto pixels = std::int64_t{photo.height} * photo.width;
  std::int64_t all = 0;
  for (const std::int64_t run : runs) {
    if (run < 0 || run > pixels - all)
      throw DataError("mask", "runs that leave the {} x {} pixels.", photo.width, photo.height);
    all += run;
  }
  if (all != pixels) {
    throw DataError("mask", "runs of {} pixels in all, and the photo has {} x {}.", all, photo.width, photo.height);
  }
  std::int64_t place = 0;
  for (std::size_t i = 0; i < runs.size(); place += runs[i++]) {
    for (std::int64_t k = place; i % 2 == 1 && k < place + runs[i]; ++k)
      pixel(static_cast<std::size_t>(k % photo.height) * photo.width + static_cast<std::size_t>(k / photo.height));
  }
}

std::vector<std::int64_t> runs_of_letters(std::string_view letters, int most) {
  std::vector<std::int64_t> runs;
  for (std::size_t at = 0; at < letters.size();) {
    std::int64_t value = 0;
    int bits = 0;
    for (bool more = true; more;) {
      if (at == letters.size()) throw DataError("mask", "runs in letters that end in the middle of one.");
      const int letter = letters[at++] - kFirstLetter;
      if (letter < 0 || letter > 63 || bits >= 5 * most)
        throw DataError("mask", "runs in letters: '{}' is none.", letters.substr(at - 1, 1));
      value |= std::int64_t{letter & 31} << bits;
      bits += 5;
      more = (letter & 32) != 0;
      if (!more && (letter & 16) != 0) value |= -(std::int64_t{1} << bits);
    }
    if (runs.size() > 2) value += runs[runs.size() - 2];
    if (value < 0 || value > kLongest) throw DataError("mask", "runs in letters: one of {} pixels.", value);
    runs.push_back(value);
  }
  return runs;
}

std::string letters_of_runs(const std::vector<std::int64_t>& runs) {
  std::string letters;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::int64_t value = i > 2 ? runs[i] - runs[i - 2] : runs[i];
    for (bool more = true; more;) {
      const auto bits = static_cast<int>(value & 31);
      value >>= 5;
      more = value != ((bits & 16) != 0 ? -1 : 0);
      letters += static_cast<char>(kFirstLetter + bits + (more ? 32 : 0));
    }
  }
  return letters;
}

std::map<std::uint8_t, ClassArea> areas_of(const io::IndexImage& mask) {
  const auto height = static_cast<std::int64_t>(mask.height), pixels = height * mask.width;
  const auto class_at = [&](std::int64_t place) {  // down the columns
    return mask.classes[static_cast<std::size_t>(place % height * mask.width + place / height)];
  };
  std::map<std::uint8_t, ClassArea> areas;
  std::array<std::int64_t, 256> seen{};  // where the last run of each class ended
  for (std::int64_t begin = 0, end = 0; begin < pixels; begin = end) {
    const auto of_class = class_at(begin);
    while (end < pixels && class_at(end) == of_class)
      ++end;
    const auto left = static_cast<int>(begin / height), right = static_cast<int>((end - 1) / height);
    const bool in_one_column = left == right;
    const auto [found, is_new] = areas.try_emplace(of_class, ClassArea{.left = left, .top = mask.height});
    auto& area = found->second;
    area.runs.push_back(begin - seen[of_class]);
    area.runs.push_back(end - begin);
    seen[of_class] = end;
    area.pixels += end - begin;
    area.right = right + 1;
    area.top = std::min(area.top, in_one_column ? static_cast<int>(begin % height) : 0);
    area.bottom = std::max(area.bottom, in_one_column ? static_cast<int>((end - 1) % height) + 1 : mask.height);
  }
  for (auto& [of_class, area] : areas)
    if (seen[of_class] < pixels) area.runs.push_back(pixels - seen[of_class]);
  return areas;
}

}  // namespace graft::data
