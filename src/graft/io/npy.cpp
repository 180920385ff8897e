#include "graft/io/npy.h"

#include <charconv>
#include <cstring>
#include <set>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/io/numbers.h"
#include "graft/io/tensor_view.h"
#include "graft/io/zip_archive.h"

namespace graft::io {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::size_t kMostHeader = std::size_t{1} << 20;  // NumPy itself warns above 10,000
constexpr std::int64_t kTextBytes = 4;                     // of a code point

constexpr std::pair<std::string_view, Dtype> kNpyDtypes[] = {{"<f2", Dtype::f16}, {"<f4", Dtype::f32},
                                                             {"<f8", Dtype::f64}, {"<i4", Dtype::i32},
                                                             {"<i8", Dtype::i64}, {"|u1", Dtype::u8}};

// The header's dict: strings, True and False, and tuples of whole numbers; nothing is evaluated.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  void read() {
    expect('{');
    std::set<std::string> seen;
    while (!take('}')) {
      const auto key = string();
      if (!seen.insert(key).second) refuse();
      expect(':');
      if (key == "descr") {
        blanks();
        if (at_ < text_.size() && text_[at_] == '[')
          throw FileError("npy", "{}: holds records of several fields (a structured array). Save one field of it.",
                          file_);
        descr = string();
      } else if (key == "fortran_order") {
        fortran = boolean();
      } else if (key == "shape") {
        shape = tuple();
      } else {
        refuse();
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    blanks();
    if (at_ != text_.size() || seen.size() != 3) refuse();
  }

  std::string descr;
  bool fortran = false;
  std::vector<std::int64_t> shape;

 private:
  [[noreturn]] void refuse() const {
    throw FileError("npy",
                    "{}: its header is not what NumPy writes: expected {{'descr': ..., 'fortran_order': ..., 'shape': "
                    "(...)}}, got {}. The file is damaged, or no .npy.",
                    file_, printable(std::string(text_.substr(0, 80))));
  }
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n'))
      ++at_;
  }
  bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) refuse();
  }
  std::string string() {
    expect('\'');
    const auto end = text_.find('\'', at_);
    if (end == std::string_view::npos || text_.substr(at_, end - at_).find('\\') != std::string_view::npos) refuse();
    const auto found = text_.substr(at_, end - at_);
    at_ = end + 1;
    return std::string(found);
  }
  bool boolean() {
    blanks();
    for (const auto& [word, value] : {std::pair(std::string_view("True"), true), {"False", false}}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return value;
    }
    refuse();
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> sizes;
    expect('(');
    while (!take(')')) {
      blanks();
      std::int64_t size = -1;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) refuse();
      at_ = static_cast<std::size_t>(end - text_.data());
      take('L');  // as Python 2 wrote it
      sizes.push_back(size);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  std::string_view text_, file_;
  std::size_t at_ = 0;
};

void read_type(const std::string& descr, NpyArray& array) {
  for (const auto& [name, dtype] : kNpyDtypes) {
    if (descr == name) array.dtype = dtype;
  }
  if (array.dtype) return;
  if (descr.find('O') != std::string::npos)
    throw FileError("npy",
                    "{}: holds Python objects ('{}'), which are pickles, and graft runs none. Save an array of "
                    "numbers: np.save(file, array.astype('float32')).",
                    array.name, printable(descr));
  if (descr.starts_with('>'))
    throw FileError("npy", "{}: is big-endian ('{}'). Save it as array.astype('<{}').", array.name, printable(descr),
                    printable(descr.substr(1)));
  if (descr.starts_with("<U")) {
    const char* const end = descr.data() + descr.size();
    const auto parsed = std::from_chars(descr.data() + 2, end, array.letters);
    if (parsed.ec == std::errc() && parsed.ptr == end && array.letters >= 0 && array.letters < (1 << 20)) return;
  }
  throw FileError("npy", "{}: is of type '{}': expected one of {}, or texts (<U). Convert it with array.astype(...).",
                  array.name, printable(descr), kNpyNumbers);
}

// Bytes of all values; nullopt when that overflows.
std::optional<std::size_t> bytes_of_all(const NpyArray& array) {
  if (array.dtype) return bytes_of(*array.dtype, array.shape);
  auto sizes = array.shape;
  sizes.push_back(array.letters);
  sizes.push_back(kTextBytes);
  return bytes_of(Dtype::u8, sizes);
}

void add_code_point(std::uint32_t point, const NpyArray& array, std::string& text) {
  if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
    throw FileError("npy", "{}: a text holds {:#x}, which is no code point.", array.name, point);
  const auto add = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (point < 0x80) return add(point);
  if (point < 0x800) {
    add(0xC0 | point >> 6);
  } else if (point < 0x10000) {
    add(0xE0 | point >> 12);
    add(0x80 | (point >> 6 & 0x3F));
  } else {
    add(0xF0 | point >> 18);
    add(0x80 | (point >> 12 & 0x3F));
    add(0x80 | (point >> 6 & 0x3F));
  }
  add(0x80 | (point & 0x3F));
}

}  // namespace

NpyArray parse_npy(std::span<const std::byte> bytes, std::string_view name) {
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!all.starts_with(kNpyMagic)) {
    throw FileError("npy", "{}: {}", name,
                    ZipArchive::looks_like(bytes) ? "is an archive of arrays: call it .npz."
                                                  : "is no .npy file: it does not begin with NumPy's mark.");
  }
  const auto byte = [&](std::size_t at) { return at < all.size() ? static_cast<unsigned char>(all[at]) : 0u; };
  const unsigned major = byte(6), minor = byte(7);
  if (all.size() > 7 && (major < 1 || major > 3 || minor != 0))
    throw FileError("npy", "{}: is of format version {}.{}: expected 1.0, 2.0 or 3.0.", name, major, minor);
  const std::size_t start = major == 1 ? 10 : 12;
  std::size_t length = byte(8) | byte(9) << 8;
  if (major > 1) length |= static_cast<std::size_t>(byte(10)) << 16 | static_cast<std::size_t>(byte(11)) << 24;
  if (all.size() < start || length > all.size() - start || length > kMostHeader)
    throw FileError("npy", "{}: ends within its header: {} bytes are there. Is the copy complete?", name, all.size());
  HeaderReader header(all.substr(start, length), name);
  header.read();
  NpyArray array{.name = std::string(name), .dtype = {}, .shape = header.shape, .values = {}};
  read_type(header.descr, array);
  if (header.fortran)
    throw FileError("npy", "{}: is in Fortran order, column after column. Save np.ascontiguousarray(array).", name);
  const auto size = bytes_of_all(array);
  array.values = bytes.subspan(start + length);
  if (!size || array.values.size() != *size) {
    throw FileError("npy", "{}: {} bytes of values, where its shape asks for {}. Is the copy complete?", name,
                    array.values.size(), size ? std::to_string(*size) : "more than there can be");
  }
  return array;
}

std::vector<std::string> texts_of(const NpyArray& array) {
  std::vector<std::string> texts;
  if (array.dtype) {
    if (*array.dtype == Dtype::f16 || *array.dtype == Dtype::f32 || *array.dtype == Dtype::f64)
      throw FileError("npy", "{}: holds {} numbers: expected whole numbers or texts. Convert it with .astype('int64').",
                      array.name, name_of(*array.dtype));
    for (const auto value : integers_of(*array.dtype, array.values))
      texts.push_back(std::to_string(value));
    return texts;
  }
  const auto width = static_cast<std::size_t>(array.letters * kTextBytes);
  std::size_t count = 1;
  for (const auto size : array.shape)
    count *= static_cast<std::size_t>(size);
  if (width == 0 && count > kMostHeader) throw FileError("npy", "{}: {} texts without a letter.", array.name, count);
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    std::size_t zeros = 0;  // behind the text they are filling, within it they are said
    for (std::size_t at = i * width; at < (i + 1) * width; at += kTextBytes) {
      std::uint32_t point = 0;
      std::memcpy(&point, array.values.data() + at, sizeof point);
      if (point == 0) {
        ++zeros;
        continue;
      }
      if (zeros > 0) throw FileError("npy", "{}: text {} has an end within it.", array.name, i);
      add_code_point(point, array, text);
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace graft::io
