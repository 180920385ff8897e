#include "graft/data/masks.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/data/image_cache.h"

namespace graft::data {
namespace {

class Renumbered final : public Masks {
 public:
  Renumbered(std::shared_ptr<const Masks> of, const std::vector<std::int64_t>& places) : of_(std::move(of)) {
    table_.fill(io::kIgnoredClass);
    for (std::size_t k = 0; k < places.size() && k < table_.size(); ++k)
      if (places[k] >= 0) table_[k] = static_cast<std::uint8_t>(places[k]);
  }
  std::shared_ptr<const Mask> read(const Sample& sample, Size photo) const override {
    auto mask = std::make_shared<Mask>(*of_->read(sample, photo));
    for (auto& pixel : mask->classes)
      pixel = table_[pixel];
    return mask;
  }
  std::string content(const Sample& sample) const override {
    return Hash().add(of_->content(sample)).add(std::as_bytes(std::span(table_))).hex();
  }

 private:
  std::shared_ptr<const Masks> of_;
  std::array<std::uint8_t, 256> table_;
};

}  // namespace

MaskNumbers MaskNumbers::in_order(std::size_t classes, std::string_view source) {
  MaskNumbers numbers;
  numbers.place.fill(kUnknown);
  numbers.place[io::kIgnoredClass] = kIgnored;
  for (std::size_t k = 0; k < std::min(classes, kMostMaskClasses); ++k)
    numbers.place[k] = static_cast<int>(k);
  numbers.known = fmt::format("below {} ({}), and 255 for what is not counted", classes, source);
  return numbers;
}

void MaskNumbers::apply(io::IndexImage& mask, const std::filesystem::path& file) const {
  for (std::size_t i = 0; i < mask.classes.size(); ++i) {
    auto& pixel = mask.classes[i];
    const int to = place[pixel];
    if (to == kUnknown) {
      const auto width = static_cast<std::size_t>(mask.width);
      throw DataError("mask", "{}: pixel ({}, {}) is number {}, and the classes are {}.", file.string(), i % width,
                      i / width, pixel, known);
    }
    pixel = to == kIgnored ? io::kIgnoredClass : static_cast<std::uint8_t>(to);
  }
  mask.palette.clear();
}

MaskFiles::MaskFiles(std::filesystem::path root, MaskNumbers numbers, std::optional<io::ColourTable> colours,
                     std::size_t most_bytes)
    : root_(std::move(root)), numbers_(std::move(numbers)), colours_(std::move(colours)), most_bytes_(most_bytes) {}

std::shared_ptr<const Mask> MaskFiles::read(const Sample& sample, Size photo) const {
  const auto file = root_ / sample.pair;
  std::shared_ptr<const Mask> found;
  {
    const std::lock_guard lock(mutex_);
    if (const auto kept = kept_.find(sample.pair); kept != kept_.end()) found = kept->second;
  }
  if (!found) {
    // Outside the lock: two threads may both decode.
    Mask mask = io::read_index_png(file, colours_ ? &*colours_ : nullptr);
    numbers_.apply(mask, file);
    found = std::make_shared<const Mask>(std::move(mask));
    const std::lock_guard lock(mutex_);
    if (bytes_ + found->classes.size() <= most_bytes_ && kept_.try_emplace(sample.pair, found).second)
      bytes_ += found->classes.size();
  }
  if (found->width != photo.width || found->height != photo.height) {
    throw DataError("mask", "{}: {} x {} pixels, and its photo {} has {} x {}. A mask is as large as its photo.",
                    file.string(), found->width, found->height, sample.input, photo.width, photo.height);
  }
  return found;
}

std::string MaskFiles::content(const Sample& sample) const {
  return Hash()
      .add(content_of_file(root_ / sample.pair))
      .add(std::as_bytes(std::span(numbers_.place)))
      .add(colours_ ? colours_->name : "")
      .hex();
}

std::shared_ptr<const Masks> renumbered(std::shared_ptr<const Masks> masks, const std::vector<std::int64_t>& places) {
  return std::make_shared<Renumbered>(std::move(masks), places);
}

std::shared_ptr<const Mask> untold(Size photo) {
  return std::make_shared<const Mask>(
      Mask{photo.width,
           photo.height,
           std::vector<std::uint8_t>(static_cast<std::size_t>(photo.width) * photo.height, io::kIgnoredClass),
           {}});
}

}  // namespace graft::data
