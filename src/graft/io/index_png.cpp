#include "graft/io/index_png.h"

#include <cstring>
#include <map>
#include <utility>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/io/mapped_file.h"
#include "graft/io/png_reader.h"
#include "graft/io/png_writer.h"

namespace graft::io {
namespace {

class IndexPng : PngReader {
 public:
  IndexPng(std::span<const std::byte> bytes, std::string_view name) : PngReader(bytes), name_(name) {}

  IndexImage decode(const ColourTable* table, std::int64_t max_pixels) {
    run([](IndexPng& png) { png.read_header(); });
    check(table, max_pixels);
    run([](IndexPng& png) { png.unpack(); });
    raw_.resize(row_bytes_ * height_);
    rows_ = rows_of(raw_.data(), row_bytes_, height_);
    run([](IndexPng& png) { png.read_pixels(png.rows_); });
    IndexImage image{static_cast<int>(width_), static_cast<int>(height_), {}, {}};
    if (colour_ == PNG_COLOR_TYPE_RGB) {
      image.palette = table->colours;
      image.classes = by_colour(*table);
      return image;
    }
    if (colour_ == PNG_COLOR_TYPE_PALETTE) take_palette(image, table);
    image.classes = std::move(raw_);
    return image;
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw DataError("mask", "{}: {}.", name_, fmt::format(format, std::forward<Args>(args)...));
  }

  void run(void (*step)(IndexPng&)) {
    if (const auto said = failure_of(*this, step)) fail("a damaged or truncated PNG: {}", *said);
  }

  void check(const ColourTable* table, std::int64_t max_pixels) const {
    if (width_ == 0 || height_ == 0) fail("a mask of {} x {} pixels", width_, height_);
    if (static_cast<std::int64_t>(width_) > max_pixels / static_cast<std::int64_t>(height_)) {
      fail("{} x {} pixels, at most {} are decoded: it may be a decompression bomb", width_, height_, max_pixels);
    }
    if (colour_ & PNG_COLOR_MASK_ALPHA) fail("transparency in a mask: one number a pixel was expected");
    if (depth_ == 16) fail("16 bits a pixel: classes are numbers from 0 to 255 in at most 8");
    if (colour_ == PNG_COLOR_TYPE_RGB && table == nullptr) {
      fail("colours where class numbers were expected (a palette or grey). Save the mask with a palette");
    }
  }

  // Grey of few bits is a number too: it is unpacked, not made brighter.
  void unpack() {
    png_set_packing(png_);
    settle_rows();
  }

  void take_palette(IndexImage& image, const ColourTable* table) {
    for (int k = 0; k < palette_size_; ++k) {
      image.palette.push_back({palette_[k].red, palette_[k].green, palette_[k].blue});
    }
    const bool may_be_ignored = table == nullptr;  // by a table a number without a colour means nothing
    for (std::size_t i = 0; i < raw_.size(); ++i) {
      if (raw_[i] >= palette_size_ && !(may_be_ignored && raw_[i] == kIgnoredClass)) {
        fail("pixel ({}, {}) is number {}, the palette has {} colours", i % width_, i / width_, raw_[i], palette_size_);
      }
    }
    if (table == nullptr) return;
    // What the colours mean is known: a palette that a program sorted anew still means the same.
    std::vector<std::uint8_t> colours(3 * raw_.size());
    for (std::size_t i = 0; i < raw_.size(); ++i)
      std::memcpy(&colours[3 * i], image.palette[raw_[i]].data(), 3);
    raw_ = std::move(colours);
    raw_ = by_colour(*table);
    image.palette = table->colours;
  }

  std::vector<std::uint8_t> by_colour(const ColourTable& table) const {
    std::map<Colour, std::uint8_t> classes;
    for (std::size_t k = 0; k < table.colours.size(); ++k)
      classes.emplace(table.colours[k], static_cast<std::uint8_t>(k));
    if (table.ignored) classes.emplace(*table.ignored, kIgnoredClass);
    std::vector<std::uint8_t> numbers(raw_.size() / 3);
    Colour last{};
    const std::uint8_t* found = nullptr;  // neighbours mostly share their colour
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const Colour colour{raw_[3 * i], raw_[3 * i + 1], raw_[3 * i + 2]};
      if (found == nullptr || colour != last) {
        const auto entry = classes.find(colour);
        if (entry == classes.end()) {
          fail("pixel ({}, {}) has the colour {} {} {}, which is none of {}'s {}", i % width_, i / width_, colour[0],
               colour[1], colour[2], table.name, table.colours.size());
        }
        found = &entry->second;
        last = colour;
      }
      numbers[i] = *found;
    }
    return numbers;
  }

  std::string_view name_;
  std::vector<std::uint8_t> raw_;
  std::vector<png_bytep> rows_;
};

}  // namespace

const std::vector<Colour>& pascal_colours() {
  static const auto colours = [] {
    std::vector<Colour> table(256);
    for (int k = 0; k < 256; ++k) {
      for (int bit = 0; bit < 8; ++bit)
        table[k][bit % 3] |= static_cast<std::uint8_t>((k >> bit & 1) << (7 - bit / 3));
    }
    return table;
  }();
  return colours;
}

ColourTable pascal_table() {
  const auto& all = pascal_colours();
  return {"Pascal VOC", {all.begin(), all.begin() + 21}, all[255]};
}

ColourTable camvid_table() {
  return {"CamVid",
          {{64, 128, 64},   {192, 0, 128},  {0, 128, 192},   {0, 128, 64},    {128, 0, 0},    {64, 0, 128},
           {64, 0, 192},    {192, 128, 64}, {192, 192, 128}, {64, 64, 128},   {128, 0, 192},  {192, 0, 64},
           {128, 128, 64},  {192, 0, 192},  {128, 64, 64},   {64, 192, 128},  {64, 64, 0},    {128, 64, 128},
           {128, 128, 192}, {0, 0, 192},    {192, 128, 128}, {128, 128, 128}, {64, 128, 192}, {0, 0, 64},
           {0, 64, 64},     {192, 64, 128}, {128, 128, 0},   {192, 128, 192}, {64, 0, 64},    {192, 192, 0},
           {64, 192, 0}},
          Colour{0, 0, 0}};
}

IndexImage decode_index_png(std::span<const std::byte> bytes, std::string_view name, const ColourTable* colours,
                            std::int64_t max_pixels) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("\x89PNG\r\n\x1a\n")) {
    throw DataError("mask", "{}: not a PNG. Masks are read from PNG files, whose pixels are what was written.", name);
  }
  return IndexPng(bytes, name).decode(colours, max_pixels);
}

IndexImage read_index_png(const std::filesystem::path& path, const ColourTable* colours) {
  const auto file = MappedFile::open(path);
  return decode_index_png(file->bytes(), path.string(), colours);
}

std::string encode_index_png(const IndexImage& image) {
  const auto pixels = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
  GRAFT_ASSERT(image.width > 0 && image.height > 0 && image.classes.size() == pixels && image.palette.size() <= 256);
  std::vector<png_color> palette;
  for (const auto& colour : image.palette)
    palette.push_back({colour[0], colour[1], colour[2]});
  for (std::size_t k = palette.size(); k < 256; ++k) {
    const auto& colour = pascal_colours()[k];
    palette.push_back({colour[0], colour[1], colour[2]});
  }
  return write_png({image.width, image.height, image.classes.data(), std::move(palette)});
}

void write_index_png(const std::filesystem::path& path, const IndexImage& image) {
  write_file_atomically(path, encode_index_png(image));
}

}  // namespace graft::io
