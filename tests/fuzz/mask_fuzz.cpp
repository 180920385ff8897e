// Any bytes as masks: a PNG of class numbers or of colours, COCO's letters of runs, runs, and corners of polygons. A
// mask that is read is written and read again as the same; a pixel that is filled lies in the photo, and once only; all
// else is a DataError, never a crash.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "graft/core/error.h"
#include "graft/data/shapes.h"
#include "graft/io/index_png.h"

namespace {

using namespace graft;

constexpr data::Size kPhoto{23, 37};
constexpr std::int64_t kMostPixels = 1 << 20;

void check(bool holds) {
  if (!holds) std::abort();
}

class Filled {
 public:
  void operator()(std::size_t pixel) {
    check(pixel < seen_.size() && !seen_[pixel]);
    seen_[pixel] = true;
  }

 private:
  std::vector<bool> seen_ = std::vector<bool>(static_cast<std::size_t>(kPhoto.height) * kPhoto.width);
};

void read_png(std::span<const std::byte> bytes, const io::ColourTable* colours) try {
  const auto mask = io::decode_index_png(bytes, "fuzz", colours, kMostPixels);
  check(mask.classes.size() == static_cast<std::size_t>(mask.width) * static_cast<std::size_t>(mask.height));
  const auto again = io::encode_index_png(mask);
  check(io::decode_index_png(std::as_bytes(std::span(again)), "again", nullptr, kMostPixels).classes == mask.classes);
} catch (const DataError&) {
}

void fill_letters(std::string_view letters) try {
  data::fill_runs(data::runs_of_letters(letters), kPhoto, Filled());
} catch (const DataError&) {
}

template <class Number>
std::vector<Number> numbers_of(std::span<const std::byte> bytes) {
  std::vector<Number> numbers(bytes.size() / sizeof(Number));
  if (!numbers.empty()) std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(Number));
  return numbers;
}

void fill_numbers(std::span<const std::byte> bytes) try {
  data::fill_runs(numbers_of<std::int64_t>(bytes), kPhoto, Filled());
} catch (const DataError&) {
}

// Corners of one polygon, and of two.
void fill_corners(std::span<const std::byte> bytes) {
  for (const bool small : {true, false}) {
    std::vector<double> corners;
    if (small) {
      for (const auto byte : bytes)
        corners.push_back(static_cast<double>(static_cast<std::int8_t>(byte)) / 2);
    } else {
      corners = numbers_of<double>(bytes);
    }
    corners.resize(corners.size() / 2 * 2);
    const auto half = corners.begin() + static_cast<std::ptrdiff_t>(corners.size() / 4 * 2);
    try {
      data::fill_polygons({corners}, kPhoto, Filled());
      data::fill_polygons({{corners.begin(), half}, {half, corners.end()}}, kPhoto, Filled());
    } catch (const DataError&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::span given(reinterpret_cast<const std::byte*>(bytes), size);
  static const auto pascal = io::pascal_table();
  read_png(given, nullptr);
  read_png(given, &pascal);
  fill_letters({reinterpret_cast<const char*>(bytes), size});
  fill_numbers(given);
  fill_corners(given);
  return 0;
}
