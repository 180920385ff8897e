#include "tests/support/tiny_world.h"

#include <algorithm>
#include <fstream>

#include "graft/core/random.h"
#include "graft/nn/tensor_file.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 24;

void put(std::string& bytes, uint32_t value, int count) {
  for (int i = 0; i < count; ++i)
    bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace

// A 24-bit Windows bitmap: a header of 54 bytes, rows from the bottom, blue green red; 72 bytes a row need no padding.
void write_bitmap(const fs::path& file, int red, int green, int blue, uint64_t seed) {
  Random random(seed);
  std::string bytes = "BM";
  put(bytes, 54 + 3 * kSide * kSide, 4);
  put(bytes, 0, 4);
  put(bytes, 54, 4);
  put(bytes, 40, 4);
  put(bytes, kSide, 4);
  put(bytes, kSide, 4);
  put(bytes, 1, 2);
  put(bytes, 24, 2);
  for (int i = 0; i < 6; ++i)
    put(bytes, 0, 4);
  for (int i = 0; i < kSide * kSide; ++i) {
    for (const int channel : {blue, green, red}) {
      bytes += static_cast<char>(std::clamp(channel + static_cast<int>(random.below(80)) - 40, 0, 255));
    }
  }
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

void make_tiny_world(const fs::path& root, int64_t train, int64_t val, int64_t test) {
  const auto checkpoint = tiny_clip_checkpoint();
  fs::create_directories(root / "clip");
  nn::write_tensors(root / "clip" / "open_clip_model.safetensors", checkpoint.tensors);
  std::ofstream(root / "clip" / "open_clip_config.json") << checkpoint.folder.open_clip_config->value().dump();
  const std::pair<const char*, int64_t> splits[] = {{"train", train}, {"val", val}, {"test", test}};
  uint64_t seed = 0;
  for (const auto& [split, count] : splits) {
    for (int64_t i = 0; i < count; ++i) {
      const auto name = fmt::format("{:02}.bmp", i);
      write_bitmap(root / "photos" / split / "blue" / name, 60, 80, 200, ++seed);
      write_bitmap(root / "photos" / split / "green" / name, 60, 180, 80, ++seed);
      write_bitmap(root / "photos" / split / "red" / name, 200, 60, 60, ++seed);
    }
  }
}

const fs::path& shared_tiny_world() {
  static const TempFolder folder;
  static const bool made = (make_tiny_world(folder.path()), true);
  static_cast<void>(made);
  return folder.path();
}

engine::AdaptOptions tiny_run(const fs::path& root, const std::string& method) {
  engine::AdaptOptions options;
  options.model.model = (root / "clip").string();
  options.model.precision = "fp32";
  options.model.threads = 1;
  options.data.data = (root / "photos").string();
  options.data.workers = 1;
  options.method = method;
  options.train.epochs = 3;
  options.train.batch_size = 6;
  options.train.augmentation = methods::Augmentation::none;
  return options;
}

}  // namespace graft::testing
