#include "graft/cli/thumbnail.h"

#include <algorithm>
#include <span>

#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "graft/data/resize.h"
#include "graft/io/image.h"
#include "graft/io/image_png.h"
#include "graft/report/html.h"

namespace graft::cli {
namespace {

constexpr size_t kFewBytes = 16'000;
constexpr int kSide = 160;

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
  const auto png = io::encode_png(data::resize(image, {side(image.height), side(image.width)}, data::Filter::bicubic));
  return report::data_uri(std::as_bytes(std::span(png)));
}

std::optional<io::Image> readable_photo(const std::filesystem::path& photo) try {
  return io::read_image(photo);
} catch (const Error&) {
  return {};
}

}  // namespace graft::cli
