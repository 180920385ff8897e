#include "graft/discovery/saliency/map_file.h"

#include <torch/types.h>

#include <algorithm>
#include <optional>

#include "graft/core/error.h"
#include "graft/io/image.h"
#include "graft/io/index_png.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery {
namespace {

const std::vector<io::Colour>& greys() {
  static const std::vector<io::Colour> all = [] {
    std::vector<io::Colour> made;
    for (int level = 0; level < 256; ++level)
      made.push_back(
          {static_cast<std::uint8_t>(level), static_cast<std::uint8_t>(level), static_cast<std::uint8_t>(level)});
    return made;
  }();
  return all;
}

at::Tensor bytes_as(const std::vector<std::uint8_t>& bytes, at::IntArrayRef sizes) {
  return torch::from_blob(const_cast<std::uint8_t*>(bytes.data()), sizes, tensor::on_cpu(at::kByte)).clone();
}

// Nothing where the file is a picture of colours, or not read at all: io::read_image then says what it is.
std::optional<io::IndexImage> numbers_of(const std::filesystem::path& file) try {
  return io::read_index_png(file);
} catch (const DataError&) {
  return std::nullopt;
}

bool is_classes(const io::IndexImage& image) {
  const auto most = *std::ranges::max_element(image.classes);
  return image.palette.empty() ? most <= 1 : image.palette != greys();
}

}  // namespace

void write_map(const std::filesystem::path& file, const at::Tensor& map) {
  const auto levels = (map.clamp(0, 1) * 255).round().to(at::kByte).contiguous();
  const auto* bytes = levels.const_data_ptr<std::uint8_t>();
  io::write_index_png(file, {.width = static_cast<int>(map.size(1)),
                             .height = static_cast<int>(map.size(0)),
                             .classes = {bytes, bytes + levels.numel()},
                             .palette = greys()});
}

at::Tensor read_map(const std::filesystem::path& file) {
  const auto numbers = numbers_of(file);
  if (!numbers) {
    const auto image = io::read_image(file);
    return bytes_as(image.rgb, {image.height, image.width, 3}).amax(2).to(at::kFloat) / 255;
  }
  const auto values = bytes_as(numbers->classes, {numbers->height, numbers->width});
  if (is_classes(*numbers)) return ((values != 0) & (values != io::kIgnoredClass)).to(at::kFloat);
  return values.to(at::kFloat) / 255;
}

}  // namespace graft::discovery
