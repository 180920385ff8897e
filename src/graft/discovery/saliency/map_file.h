// A saliency map as a picture that can be looked at: 8 bits a pixel, black to white.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace graft::discovery {

// map [height, width] float32 from 0 to 1, rounded to 255ths. The same map gives the same bytes.
void write_map(const std::filesystem::path& file, const at::Tensor& map);

// The same back; or of another's mask: of class numbers 0 or 1 (0 and 255 are 0), of a picture its brightest channel.
// DataError for what cannot be read.
at::Tensor read_map(const std::filesystem::path& file);

}  // namespace graft::discovery
