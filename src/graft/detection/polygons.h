// Polygons of COCO's `segmentation`, [[x0, y0, x1, y1, ...], ...] in pixels, for formats that hold outlines. Runs
// ({"size": ..., "counts": ...}) are not outlines.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/data/shapes.h"
#include "graft/detection/json_fields.h"
#include "graft/detection/set.h"

namespace graft::detection {

using data::Polygon;  // x, y, x, y, ...
using Polygons = std::vector<Polygon>;

// Nothing where it is not a list of lists of numbers (runs, above all).
std::optional<Polygons> polygons_of(const Value& shape);
std::optional<Polygons> polygons_of(std::string_view shape);
std::string polygons_text(const Polygons& polygons);

// Three points at least, each of two numbers.
bool is_polygon(const Polygon& polygon);
double area_of(const Polygon& polygon);    // by its corners, never negative
double area_of(const Polygons& polygons);  // their sum
Box bounds_of(const Polygons& polygons);   // of all points; zeros where there are none

}  // namespace graft::detection
