// Superpixels: a photo cut into some hundred small connected parts of like colour by SLIC, after Achanta et al. 2012
// (IEEE TPAMI 34(11), DOI 10.1109/TPAMI.2012.120), and what ways of saliency that read pixels alone ask of them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "graft/data/resize.h"

namespace graft::discovery {

struct SuperpixelOptions {
  int64_t superpixels = 200;
  double compactness = 10;
  int64_t side = 300;
};
template <class Visitor>
void fields(Visitor& visit, SuperpixelOptions& o) {
  visit("superpixels", o.superpixels, "about how many parts the photo is cut into");
  visit("compactness", o.compactness, "how much place counts beside colour for a part's shape");
  visit("side", o.side, "shorter side in pixels to which larger photos are made smaller");
}
void check(const char* where, const SuperpixelOptions& options);  // ConfigError

// [height, width, 3] float64: CIE-Lab of sRGB under D65, L from 0 to 100.
at::Tensor to_lab(const data::Image& photo);

// lab as above -> [height, width] int64, from 0 and without gaps; every part is connected over edges. Ten rounds, as
// the paper has them; parts of less than a quarter of the mean area fall to a neighbour.
at::Tensor slic(const at::Tensor& lab, int64_t count, double compactness);

struct Superpixels {
  at::Tensor labels;   // [height, width] int64
  at::Tensor colours;  // [n, 3] float64: the mean of Lab
  at::Tensor places;   // [n, 2] float64: the mean of a pixel's centre, row and column from 0 to 1 over the photo
  at::Tensor touches;  // [n, n] bool: two parts share an edge of a pixel; not itself
  at::Tensor border;   // [n] bool: holds a pixel of the photo's border
};
Superpixels parts_of(const at::Tensor& lab, const at::Tensor& labels);
Superpixels superpixels(const data::Image& photo, const SuperpixelOptions& options);

// [n, n] float64: Euclid's distance between rows, of colours or places.
at::Tensor distances_between(const at::Tensor& rows);

// Whether no two parts differ by more than the eye sees: nothing stands out of such a photo.
bool has_one_colour(const Superpixels& parts);

// A number a part -> a map of the photo, stretched so that the least is 0 and the largest 1; undefined where all are
// the same.
at::Tensor map_of(const Superpixels& parts, const at::Tensor& values);

}  // namespace graft::discovery
