// What is told of each pixel of a photo: a class, or nothing. A data set names its photos' masks (Sample::pair) and
// says here how one is read; files of class numbers are the usual way (io/index_png.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "graft/data/dataset.h"
#include "graft/data/resize.h"
#include "graft/io/index_png.h"

namespace graft::data {

using Mask = io::IndexImage;  // places in the data set's classes; io::kIgnoredClass where nothing is told

inline constexpr std::size_t kMostMaskClasses = 255;  // a mask's numbers are a byte each, and the last is taken

class Masks {
 public:
  virtual ~Masks() = default;
  // As large as the photo is. DataError, with the mask's file, for one of another size and one that cannot be read.
  // Threads may share it.
  virtual std::shared_ptr<const Mask> read(const Sample& sample, Size photo) const = 0;
  // A hash of what read() gives.
  virtual std::string content(const Sample& sample) const = 0;
};

// What a file's numbers are among the classes; nothing else is understood.
struct MaskNumbers {
  static constexpr int kUnknown = -2, kIgnored = -1;
  std::array<int, 256> place;
  std::string known;  // of the numbers, for errors: "below 11 (classes.txt)"

  // A file's numbers to places in the classes, and to io::kIgnoredClass what is not counted; of no palette any more.
  // DataError with the file and the pixel for a number that is none of them.
  void apply(io::IndexImage& mask, const std::filesystem::path& file) const;

  // 0, 1, ... are the classes in their order; 255 is not counted.
  static MaskNumbers in_order(std::size_t classes, std::string_view source);
};

// A PNG of numbers or of known colours for each photo, below `root`. A few are kept decoded.
class MaskFiles final : public Masks {
 public:
  MaskFiles(std::filesystem::path root, MaskNumbers numbers, std::optional<io::ColourTable> colours = {},
            std::size_t most_bytes = std::size_t{256} << 20);
  std::shared_ptr<const Mask> read(const Sample& sample, Size photo) const override;
  std::string content(const Sample& sample) const override;

 private:
  std::filesystem::path root_;
  MaskNumbers numbers_;
  std::optional<io::ColourTable> colours_;
  const std::size_t most_bytes_;
  mutable std::mutex mutex_;  // of what follows
  mutable std::size_t bytes_ = 0;
  mutable std::map<std::string, std::shared_ptr<const Mask>> kept_;
};

// Masks of a data set told by the classes of something else: places[k] is where its class k stands there, -1 where it
// is not known there (a pixel of it is then not counted).
std::shared_ptr<const Masks> renumbered(std::shared_ptr<const Masks> masks, const std::vector<std::int64_t>& places);

// Of a photo of which nothing is told.
std::shared_ptr<const Mask> untold(Size photo);

}  // namespace graft::data
