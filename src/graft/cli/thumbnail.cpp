#include "graft/cli/thumbnail.h"

#include <png.h>

#include <algorithm>
#include <span>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "graft/data/resize.h"
#include "graft/io/image.h"
#include "graft/report/html.h"

namespace graft::cli {
namespace {

constexpr size_t kFewBytes = 16'000;
constexpr int kSide = 160;

std::vector<std::byte> encode_png(const io::Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<std::byte> bytes(size);
  if (png_image_write_to_memory(&png, bytes.data(), &size, 0, image.rgb.data(), 0, nullptr) == 0) return {};
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::string thumbnail_uri(const std::filesystem::path& photo) try {
  const std::string bytes = read_file("report", photo);
  const auto view = std::as_bytes(std::span(bytes));
  const bool is_shown_by_browsers = !(bytes.size() > 1 && bytes[0] == 'B' && bytes[1] == 'M');
  if (!bytes.empty() && bytes.size() <= kFewBytes && is_shown_by_browsers) return report::data_uri(view);
  return thumbnail_uri(io::decode_image(view, photo.string()));
} catch (const Error&) {
  return "";
}

std::string thumbnail_uri(const io::Image& image) {
  const double scale = std::min(1.0, static_cast<double>(kSide) / std::max(image.width, image.height));
  const auto side = [scale](int pixels) { return std::max(1, static_cast<int>(scale * pixels)); };
  return report::data_uri(
      encode_png(data::resize(image, {side(image.height), side(image.width)}, data::Filter::bicubic)));
}

}  // namespace graft::cli
