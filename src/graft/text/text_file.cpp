#include "graft/text/text_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>

#include "graft/core/error.h"
#include "graft/text/unicode.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

enum class ByteOrder { little, big };

std::size_t line_at(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

// UTF-16 without a mark: Latin letters have a zero in every second place, and UTF-8 has none at all.
bool has_zeros_of(std::string_view bytes, ByteOrder order) {
  const std::string_view head = bytes.substr(0, 1000);
  std::size_t high = 0, low = 0;
  for (std::size_t i = 0; i + 1 < head.size(); i += 2) {
    high += head[i + (order == ByteOrder::little ? 1 : 0)] == '\0';
    low += head[i + (order == ByteOrder::little ? 0 : 1)] == '\0';
  }
  return 4 * low <= high && 4 * high >= head.size() && high > 0;
}

std::string decode_utf16(std::string_view bytes, ByteOrder order, std::string_view name) {
  std::u32string characters;
  std::size_t line = 1;
  const auto unit = [&](std::size_t i) {
    const auto first = static_cast<unsigned char>(bytes[i]), second = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<char32_t>(order == ByteOrder::little ? first | second << 8 : first << 8 | second);
  };
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    char32_t c = unit(i);
    if (c >= 0xd800 && c < 0xe000) {
      const bool pair = c < 0xdc00 && i + 3 < bytes.size() && unit(i + 2) >= 0xdc00 && unit(i + 2) < 0xe000;
      if (!pair) throw DataError("text", "{}:{}: is UTF-16 with half of a character. Save it as UTF-8.", name, line);
      c = 0x10000 + ((c - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
      i += 2;
    }
    line += c == U'\n';
    characters += c;
  }
  if (bytes.size() % 2 != 0) throw DataError("text", "{}:{}: is UTF-16 and ends within a character.", name, line);
  return encode_utf8(characters);
}

// Files that carry a text's name and are something else.
void refuse_binary(std::string_view bytes, std::string_view name) {
  const auto refuse = [&](std::string_view what) {
    throw DataError("text", "{}: is {}, not text.", name, what);
  };
  if (bytes.starts_with("PK\x03\x04")) refuse("a workbook or another zip archive (save the sheet as CSV)");
  if (bytes.starts_with("\xd0\xcf\x11\xe0")) refuse("an old Excel workbook (save the sheet as CSV)");
  if (bytes.starts_with("\x1f\x8b") || bytes.starts_with("BZh") || bytes.starts_with("\x28\xb5\x2f\xfd") ||
      bytes.starts_with("\xfd" "7zXZ")) {
    refuse("compressed (unpack it)");
  }
  if (bytes.starts_with("PAR1")) refuse("a Parquet file (write it as CSV or JSONL)");
  if (bytes.starts_with("version https://git-lfs")) refuse("the pointer of a file that Git LFS keeps (git lfs pull)");
  if (bytes.starts_with(std::string_view("\xff\xfe\0\0", 4)) || bytes.starts_with(std::string_view("\0\0\xfe\xff", 4)))
    refuse("UTF-32 (save it as UTF-8)");
}

std::string with_line_feeds(std::string text) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < text.size(); ++from) {
    if (text[from] == '\r') {
      text[to++] = '\n';
      if (from + 1 < text.size() && text[from + 1] == '\n') ++from;
    } else {
      text[to++] = text[from];
    }
  }
  text.resize(to);
  return text;
}

bool is_blank(char32_t c) {
  return is_space(c) || c == 0xfeff || c == 0x200b || c == 0x200e || c == 0x200f || c == 0x2060;
}

}  // namespace

std::string read_text_file(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0)
    throw FileError("text", "{} cannot be read: {}.", file.string(), std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw FileError("text", "{} is a folder: expected a text file.", file.string());
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string bytes;
  if (stream) bytes.assign(std::istreambuf_iterator<char>(stream), {});
  if (!stream || stream.bad())
    throw FileError("text", "{} cannot be read: {}.", file.string(), std::strerror(errno != 0 ? errno : EIO));
  return decode_text(bytes, file.string());
}

std::string decode_text(std::string_view bytes, std::string_view name) {
  refuse_binary(bytes, name);
  std::string text;
  if (bytes.starts_with("\xff\xfe")) {
    text = decode_utf16(bytes.substr(2), ByteOrder::little, name);
  } else if (bytes.starts_with("\xfe\xff")) {
    text = decode_utf16(bytes.substr(2), ByteOrder::big, name);
  } else if (has_zeros_of(bytes, ByteOrder::little)) {
    text = decode_utf16(bytes, ByteOrder::little, name);
  } else if (has_zeros_of(bytes, ByteOrder::big)) {
    text = decode_utf16(bytes, ByteOrder::big, name);
  } else {
    if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
    text = bytes;
  }
  text = with_line_feeds(std::move(text));
  if (const auto zero = text.find('\0'); zero != std::string::npos) {
    throw DataError("text", "{}:{}: holds a zero byte. Is it a text file?", name, line_at(text, zero));
  }
  if (const auto good = valid_utf8_prefix(text); good != text.size()) {
    throw DataError("text",
                    "{}:{}: expected UTF-8, got the byte 0x{:02x}. Is it Latin-1 or Windows-1252? Save it as UTF-8: "
                    "iconv -f WINDOWS-1252 -t UTF-8.",
                    name, line_at(text, good), static_cast<unsigned char>(text[good]));
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  const auto ascii_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  const auto plain = [&](char c) { return static_cast<unsigned char>(c) < 0x80 && !ascii_blank(c); };
  while (!text.empty() && ascii_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && ascii_blank(text.back()))
    text.remove_suffix(1);
  if (text.empty() || (plain(text.front()) && plain(text.back())) || valid_utf8_prefix(text) != text.size())
    return text;
  const std::u32string characters = decode_utf8(text);
  std::size_t begin = 0, end = characters.size();
  while (begin < end && is_blank(characters[begin]))
    text.remove_prefix(encode_utf8({&characters[begin++], 1}).size());
  while (end > begin && is_blank(characters[end - 1]))
    text.remove_suffix(encode_utf8({&characters[--end], 1}).size());
  return text;
}

std::vector<std::string> trimmed_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    if (!line.empty()) lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string normal_name(std::string_view text) {
  const std::string_view name = trimmed(text);
  const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return ascii ? std::string(name) : encode_utf8(compose(decode_utf8(name)));
}

}  // namespace graft::text
