#include "graft/detection/polygons.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "graft/detection/json_fields.h"
#include "graft/detection/json_text.h"

namespace graft::detection {

std::optional<Polygons> polygons_of(const Value& shape) {
  simdjson::dom::array list;
  if (shape.get(list) != simdjson::SUCCESS) return std::nullopt;
  Polygons polygons;
  for (const Value one : list) {
    simdjson::dom::array numbers;
    if (one.get(numbers) != simdjson::SUCCESS) return std::nullopt;
    auto& polygon = polygons.emplace_back();
    for (const Value each : numbers) {
      const auto value = number(each);
      if (!value) return std::nullopt;
      polygon.push_back(*value);
    }
  }
  return polygons;
}

std::optional<Polygons> polygons_of(std::string_view shape) {
  if (!shape.starts_with('[')) return std::nullopt;
  thread_local simdjson::dom::parser parser;
  Value value;
  if (parser.parse(shape.data(), shape.size()).get(value) != simdjson::SUCCESS) return std::nullopt;
  return polygons_of(value);
}

std::string polygons_text(const Polygons& polygons) {
  std::string text = "[";
  for (const Polygon& polygon : polygons) {
    text += text.size() > 1 ? ",[" : "[";
    for (std::size_t k = 0; k < polygon.size(); ++k) {
      if (k > 0) text += ',';
      text += json_number(polygon[k]);
    }
    text += ']';
  }
  return text + "]";
}

bool is_polygon(const Polygon& polygon) {
  return polygon.size() >= 6 && polygon.size() % 2 == 0;
}

double area_of(const Polygon& polygon) {
  double twice = 0;
  for (std::size_t k = 0; k + 1 < polygon.size(); k += 2) {
    const std::size_t next = k + 3 < polygon.size() ? k + 2 : 0;
    twice += polygon[k] * polygon[next + 1] - polygon[next] * polygon[k + 1];
  }
  return std::abs(twice) / 2;
}

double area_of(const Polygons& polygons) {
  double area = 0;
  for (const Polygon& polygon : polygons)
    area += area_of(polygon);
  return area;
}

Box bounds_of(const Polygons& polygons) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  double left = kFar, top = kFar, right = -kFar, bottom = -kFar;
  for (const Polygon& polygon : polygons) {
    for (std::size_t k = 0; k + 1 < polygon.size(); k += 2) {
      left = std::min(left, polygon[k]);
      right = std::max(right, polygon[k]);
      top = std::min(top, polygon[k + 1]);
      bottom = std::max(bottom, polygon[k + 1]);
    }
  }
  if (left > right) return {};
  return {left, top, right - left, bottom - top};
}

}  // namespace graft::detection
