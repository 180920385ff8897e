// A model folder and a set of photos on disk, small enough that a whole run takes a moment: the tiny CLIP, and 24 x 24
// bitmaps whose class is their colour.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "graft/engine/options.h"
#include "tests/support/temp_folder.h"

namespace graft::testing {

// root/clip (open_clip's layout) and root/photos/{train,val,test}/{blue,green,red}/NN.bmp
void make_tiny_world(const std::filesystem::path& root, int64_t train = 6, int64_t val = 2, int64_t test = 4);

void write_bitmap(const std::filesystem::path& file, int red, int green, int blue, uint64_t seed);

// Options of a short run in such a world, in float32 on one thread, without a disk cache.
engine::AdaptOptions tiny_run(const std::filesystem::path& root, const std::string& method);

}  // namespace graft::testing
