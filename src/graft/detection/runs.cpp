#include "graft/detection/runs.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/data/shapes.h"
#include "graft/detection/json_text.h"
#include "graft/detection/polygons.h"

namespace graft::detection {
namespace {

struct Point {
  int x = 0, y = 0;
};

constexpr double kFiner = 5;
constexpr double kFurthest = 1'000'000;  // pixels: the outline of what lies beyond would fill the memory

// All points of the edges on the fine grid, in order; each corner ends one edge and begins the next.
std::vector<Point> outline(std::span<const double> corners) {
  std::vector<Point> fine;
  const std::size_t count = corners.size() / 2;
  const auto scaled = [](double value) { return static_cast<int>(kFiner * value + .5); };
  std::vector<Point> at(count + 1);
  for (std::size_t k = 0; k < count; ++k)
    at[k] = {scaled(corners[2 * k]), scaled(corners[2 * k + 1])};
  at[count] = at[0];
  for (std::size_t k = 0; k < count; ++k) {
    Point from = at[k], to = at[k + 1];
    const int dx = std::abs(to.x - from.x), dy = std::abs(to.y - from.y);
    const bool flat = dx >= dy;
    const bool back = flat ? from.x > to.x : from.y > to.y;
    if (back) std::swap(from, to);
    const int length = flat ? dx : dy;
    const double slope = length == 0 ? 0
                         : flat      ? static_cast<double>(to.y - from.y) / dx
                                     : static_cast<double>(to.x - from.x) / dy;
    for (int step = 0; step <= length; ++step) {
      const int t = back ? length - step : step;
      if (flat)
        fine.push_back({t + from.x, static_cast<int>(from.y + slope * t + .5)});
      else
        fine.push_back({static_cast<int>(from.x + slope * t + .5), t + from.y});
    }
  }
  return fine;
}

// Runs of zero length in the middle join their neighbours.
void push_joined(std::vector<std::uint32_t>& counts, std::uint32_t run, bool& joins) {
  if (joins)
    counts.back() += run;
  else
    counts.push_back(run);
  joins = false;
}

}  // namespace

std::uint64_t Runs::area() const {
  std::uint64_t pixels = 0;
  for (std::size_t k = 1; k < counts.size(); k += 2)
    pixels += counts[k];
  return pixels;
}

Runs runs_of_polygon(std::span<const double> corners, std::uint32_t height, std::uint32_t width) {
  if (const auto wild = std::ranges::find_if(corners, [](double one) { return !(std::abs(one) <= kFurthest); });
      wild != corners.end())
    throw DataError("detection", "a polygon has a corner at {}, expected pixels, at most {} from the image.", *wild,
                    kFurthest);
  if (std::uint64_t{height} * width > 0xffffffffU)
    throw DataError("detection", "an image of {} x {} pixels is too large for masks.", width, height);
  const auto fine = outline(corners);
  // Where the outline goes over the middle of a column, the column's pixels turn from outside to inside or back.
  std::vector<std::uint32_t> turns;
  for (std::size_t k = 1; k < fine.size(); ++k) {
    const Point &a = fine[k - 1], &b = fine[k];
    if (a.x == b.x) continue;
    const double x = ((b.x < a.x ? b.x : b.x - 1) + .5) / kFiner - .5;
    if (std::floor(x) != x || x < 0 || x > width - 1.0) continue;
    const double y = std::ceil(std::clamp((std::min(a.y, b.y) + .5) / kFiner - .5, 0.0, static_cast<double>(height)));
    turns.push_back(static_cast<std::uint32_t>(x) * height + static_cast<std::uint32_t>(y));
  }
  turns.push_back(height * width);
  std::ranges::sort(turns);
  Runs runs{height, width, {}};
  std::uint32_t before = 0;
  bool joins = false;
  for (const std::uint32_t turn : turns) {
    const std::uint32_t run = turn - before;
    before = turn;
    if (run == 0 && !runs.counts.empty() && !joins)
      joins = true;
    else
      push_joined(runs.counts, run, joins);
  }
  return runs;
}

Runs merged(const std::vector<Runs>& parts) {
  if (parts.size() == 1) return parts.front();
  Runs all = parts.at(0);
  for (std::size_t part = 1; part < parts.size(); ++part) {
    const auto& a = all.counts;
    const auto& b = parts[part].counts;
    std::vector<std::uint32_t> counts;
    std::size_t next_a = 1, next_b = 1;
    std::uint32_t left_a = a.at(0), left_b = b.at(0), run = 0;
    bool in_a = false, in_b = false, inside = false;
    while (true) {
      while (left_a == 0 && next_a < a.size()) {
        left_a = a[next_a++];
        in_a = !in_a;
      }
      while (left_b == 0 && next_b < b.size()) {
        left_b = b[next_b++];
        in_b = !in_b;
      }
      if ((in_a || in_b) != inside && (left_a > 0 || left_b > 0)) {
        counts.push_back(run);
        run = 0;
        inside = !inside;
      }
      const std::uint32_t step = std::min(left_a, left_b);
      if (step == 0) break;
      run += step;
      left_a -= step;
      left_b -= step;
    }
    counts.push_back(run);
    all.counts = std::move(counts);
  }
  return all;
}

std::vector<std::uint32_t> read_counts(std::string_view text) {
  constexpr int kMostLetters = 8;  // of a number below 2^32 and its sign
  if (!text.empty() && ((text.back() - '0') & 0x20) != 0)
    throw DataError("detection", "runs of a mask end inside a number.");
  std::vector<std::uint32_t> runs;
  for (const std::int64_t count : data::runs_of_letters(text, kMostLetters)) {
    if (count > std::int64_t{0xffffffff}) throw DataError("detection", "a run of a mask is {} long.", count);
    runs.push_back(static_cast<std::uint32_t>(count));
  }
  return runs;
}

Runs runs_of(const Value& segmentation, std::uint32_t height, std::uint32_t width) {
  if (segmentation.is_array()) {
    if (height == 0 || width == 0) throw DataError("detection", "a polygon needs its image's width and height.");
    const auto polygons = polygons_of(segmentation);
    if (!polygons || std::ranges::any_of(*polygons, [](const Polygon& corners) { return corners.size() < 2; }))
      throw DataError("detection", "a polygon is no list of corners, expected [x0, y0, x1, y1, ...] in pixels.");
    std::vector<Runs> parts;
    for (const Polygon& corners : *polygons)
      parts.push_back(runs_of_polygon(corners, height, width));
    if (parts.empty()) parts.push_back({height, width, {height * width}});
    return merged(parts);
  }
  simdjson::dom::object object;
  simdjson::dom::array size;
  Value counts;
  if (segmentation.get(object) != simdjson::SUCCESS || object["size"].get(size) != simdjson::SUCCESS ||
      size.size() != 2 || object["counts"].get(counts) != simdjson::SUCCESS)
    throw DataError("detection", "a mask is neither polygons nor {{\"size\": [height, width], \"counts\": ...}}.");
  const auto tall = whole_number(size.at(0).value()), wide = whole_number(size.at(1).value());
  if (!tall || !wide || *tall < 1 || *wide < 1 || *tall * *wide > std::int64_t{0xffffffff})
    throw DataError("detection", "a mask's size is no height and width in pixels.");
  Runs runs{static_cast<std::uint32_t>(*tall), static_cast<std::uint32_t>(*wide), {}};
  std::string_view text;
  simdjson::dom::array list;
  if (counts.get(text) == simdjson::SUCCESS) {
    runs.counts = read_counts(text);
  } else if (counts.get(list) == simdjson::SUCCESS) {
    for (const Value one : list) {
      const auto count = whole_number(one);
      if (!count || *count < 0 || *count > *tall * *wide)
        throw DataError("detection", "a run of a mask is no number of pixels.");
      runs.counts.push_back(static_cast<std::uint32_t>(*count));
    }
  } else {
    throw DataError("detection", "the counts of a mask are neither a text nor a list of numbers.");
  }
  const auto pixels = std::accumulate(runs.counts.begin(), runs.counts.end(), std::uint64_t{0});
  if (pixels != static_cast<std::uint64_t>(*tall * *wide))
    throw DataError("detection", "the runs of a mask of {} x {} hold {} pixels.", *tall, *wide, pixels);
  return runs;
}

std::optional<Runs> runs_in(std::string_view segmentation) {
  if (!segmentation.starts_with('{')) return std::nullopt;
  thread_local simdjson::dom::parser parser;
  Value value;
  if (parser.parse(segmentation.data(), segmentation.size()).get(value) != simdjson::SUCCESS) return std::nullopt;
  try {
    return runs_of(value, 0, 0);
  } catch (const DataError&) {
    return std::nullopt;
  }
}

std::string runs_text(const Runs& runs) {
  return fmt::format("{{\"size\":[{},{}],\"counts\":{}}}", runs.height, runs.width,
                     json_text(data::letters_of_runs({runs.counts.begin(), runs.counts.end()})));
}

double run_overlap(const Runs& own, const Runs& other, bool crowd) {
  if (own.height != other.height || own.width != other.width) return -1;
  std::uint64_t shared = 0, either = 0;
  std::size_t next_a = 0, next_b = 0;
  std::uint32_t left_a = 0, left_b = 0;
  bool in_a = true, in_b = true;  // the first run turns them outside
  while (true) {
    while (left_a == 0 && next_a < own.counts.size()) {
      left_a = own.counts[next_a++];
      in_a = !in_a;
    }
    while (left_b == 0 && next_b < other.counts.size()) {
      left_b = other.counts[next_b++];
      in_b = !in_b;
    }
    const std::uint32_t step = std::min(left_a, left_b);
    if (step == 0) break;
    if (in_a || in_b) either += step;
    if (in_a && in_b) shared += step;
    left_a -= step;
    left_b -= step;
  }
  if (shared == 0) return 0;
  return static_cast<double>(shared) / static_cast<double>(crowd ? own.area() : either);
}

Box box_of(const Runs& runs) {
  std::uint32_t left = runs.width, top = runs.height, right = 0, bottom = 0;
  std::uint64_t at = 0;
  for (std::size_t k = 0; k < runs.counts.size(); ++k) {
    const std::uint64_t end = at + runs.counts[k];
    if (k % 2 == 1 && end > at) {
      const auto first = static_cast<std::uint32_t>(at / runs.height);
      const auto last = static_cast<std::uint32_t>((end - 1) / runs.height);
      left = std::min(left, first);
      right = std::max(right, last + 1);
      if (first == last) {
        top = std::min(top, static_cast<std::uint32_t>(at % runs.height));
        bottom = std::max(bottom, static_cast<std::uint32_t>((end - 1) % runs.height) + 1);
      } else {
        top = 0;
        bottom = runs.height;
      }
    }
    at = end;
  }
  if (right == 0) return {};
  return {static_cast<double>(left), static_cast<double>(top), static_cast<double>(right - left),
          static_cast<double>(bottom - top)};
}

}  // namespace graft::detection
