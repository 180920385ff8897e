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

// Such a world that the tests of a program share. None of them writes into it.
const std::filesystem::path& shared_tiny_world();

void write_bitmap(const std::filesystem::path& file, int red, int green, int blue, uint64_t seed);

// Options of a short run in such a world, in float32 on one thread, without a disk cache.
engine::AdaptOptions tiny_run(const std::filesystem::path& root, const std::string& method);

// Options of another verb on the model and the data of such a run.
template <class Options>
Options in_tiny_world(const std::filesystem::path& root) {
  const auto run = tiny_run(root, "");
  Options options;
  options.model = run.model;
  options.data = run.data;
  return options;
}

}  // namespace graft::testing
