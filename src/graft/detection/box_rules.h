// What makes a box sound, asked by check() and answered for by mend().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graft/detection/findings.h"
#include "graft/detection/polygons.h"
#include "graft/detection/set.h"

namespace graft::detection {

constexpr double kTolerated = 1;  // pixels outside the image, as roundings of corners give

bool is_finite(const Box& box);
// How far the box reaches beyond the image, at the side where it does so most; 0: not at all.
double overhang(const Box& box, const Image& image);
bool is_elsewhere(const Box& box, const Image& image);
Box clipped(const Box& box, const Image& image);
// The box round one that was turned about a point, clockwise as it is seen.
Box round_turned(const Box& box, double degrees, double about_x, double about_y);

// Above 0 and not above its box's, but for roundings.
bool is_area_sound(const Annotation& annotation);

struct Shape {
  Polygons polygons;  // empty for runs
  std::string fault;  // "polygon 2 has 5 numbers, ..."; empty: none
};
Shape shape_of(const Set& set, const Annotation& annotation);
bool has_bounds(const Box& box, const Polygons& polygons);

// Places of the annotations by image, box, class and place: duplicates stand beside each other.
std::vector<Index> by_box(const Set& set);

// What makes two classes one: the name without white space round it, and the synset where there is one.
std::string class_key(const Category& category);
// A name for comparing: small letters, and blanks, '_' and '-' as one.
std::string folded(std::string_view name);

// Whether all boxes look like two corners, like shares of the image (0 to 1), or like percent: those of a set, or those
// that a detector gives of its images.
void suspect_units(const Set& set, Findings& findings);
void suspect_units(const Set& set, const Detections& detections, Findings& findings);

}  // namespace graft::detection
