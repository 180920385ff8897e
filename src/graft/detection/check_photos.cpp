#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/signals.h"
#include "graft/detection/check.h"
#include "graft/io/image_size.h"

namespace graft::detection {

void check_photos(const Set& set, const std::filesystem::path& folder, Findings& findings) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    throw FileError("detection", "{}: is no folder of photos.", folder.string());
  for (const Image& image : set.images) {
    stop_if_asked();
    if (image.file.empty()) continue;
    const auto path = folder / image.file;
    if (!std::filesystem::exists(path, error)) {
      findings.add("photo-missing", Severity::wrong, "image {}: {} is not there", image.id, printable(path.string()));
      continue;
    }
    io::ImageSize size;
    try {
      size = io::read_image_size(path);
    } catch (const Error& bad) {
      findings.add("photo-unreadable", Severity::wrong, "image {}: {}", image.id, bad.what());
      continue;
    }
    if (image.width <= 0 || (size.width == image.width && size.height == image.height)) continue;
    const auto upright = size.upright();
    if (upright.width == image.width && upright.height == image.height)
      findings.add("photo-turned", Severity::suspicion,
                   "image {}: {} x {} is the size of {} once it is turned as its EXIF says: stored it is {} x {}",
                   image.id, image.width, image.height, printable(image.file), size.width, size.height);
    else
      findings.add(
          "photo-other-size", Severity::wrong, "image {}: {} x {} expected, {} has {} x {}{}", image.id, image.width,
          image.height, printable(image.file), size.width, size.height,
          size.width == image.height && size.height == image.width ? ": width and height have changed places" : "");
  }
}

}  // namespace graft::detection
