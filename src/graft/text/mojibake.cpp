#include "graft/text/mojibake.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "graft/text/badness.h"
#include "graft/text/encodings.h"
#include "graft/text/glyphs.h"
#include "graft/text/lost_bytes.h"

namespace graft::text {
namespace {

using namespace glyph;

bool is_ascii(std::u32string_view text) {
  return std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x80; });
}

bool is_c1(char32_t c) {
  return c >= 0x80 && c <= 0x9f;
}

// Read the text's bytes in `encoding` as UTF-8, mending what a lossy step did to them on the way.
std::optional<std::u32string> reread(std::string bytes, const Charset& encoding) {
  // In MacRoman the pattern would be an en dash and a space: far too common.
  if (encoding.name != "macroman" && has_spaces_for_a0(bytes)) bytes = restore_byte_a0(bytes);
  if (encoding.sloppy()) bytes = replace_lossy_sequences(bytes);
  const bool unusual = bytes.find('\xed') != std::string::npos || bytes.find('\xc0') != std::string::npos;
  return unusual ? decode_utf8_variants(bytes) : decode_strict_utf8(bytes);
}

// The number of characters from `at` on that look like one UTF-8 sequence in disguise; 0 if they do not.
size_t disguised_sequence(const std::vector<uint32_t>& classes, size_t at) {
  const size_t length = (classes[at] & kFirstOfTwo) != 0     ? 2
                        : (classes[at] & kFirstOfThree) != 0 ? 3
                        : (classes[at] & kFirstOfFour) != 0  ? 4
                                                             : 0;
  if (length == 0 || at + length > classes.size()) return 0;
  const auto begin = classes.begin() + static_cast<std::ptrdiff_t>(at);
  return std::all_of(begin + 1, begin + static_cast<std::ptrdiff_t>(length),
                     [](uint32_t its) { return (its & kContinuation) != 0; })
             ? length
             : 0;
}

// Fix runs of disguised sequences each for itself, where no one encoding explains the whole text. A run that follows a
// strict continuation is left alone, lest a few characters of a huge garble change and make it worse.
std::u32string fix_runs(std::u32string_view text) {
  std::vector<uint32_t> classes;  // [T]
  classes.reserve(text.size());
  for (char32_t c : text)
    classes.push_back(classes_of(c));
  std::u32string out;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    if (at == 0 || (classes[at - 1] & kStrictContinuation) == 0) {
      while (end < text.size()) {
        const size_t length = disguised_sequence(classes, end);
        if (length == 0) break;
        end += length;
      }
    }
    if (end == at) {
      out += text[at++];
      continue;
    }
    const std::u32string_view run = text.substr(at, end - at);
    const bool part = run.size() < text.size();  // a run that is the whole text has been tried
    out += part && looks_garbled(run) ? fix_encoding(run) : std::u32string(run);
    at = end;
  }
  return out;
}

// Latin-1 that was Windows-1252; nothing if it has one of the five bytes that Windows-1252 leaves out.
std::optional<std::u32string> latin_1_as_windows_1252(std::u32string_view text) {
  std::u32string out(text);
  for (char32_t& c : out) {
    if (!is_c1(c)) continue;
    const char32_t meant = windows_1252(c);
    if (meant == c) return std::nullopt;
    c = meant;
  }
  return out;
}

std::u32string fix_one_step(std::u32string_view text) {
  const std::u32string unchanged(text);
  if (is_ascii(text) || !looks_garbled(text)) return unchanged;

  bool latin_1 = false;
  for (const Charset& encoding : charsets()) {
    const auto bytes = encoding.encode(text);
    if (!bytes) continue;
    latin_1 = latin_1 || encoding.name == "latin-1";
    if (const auto fixed = reread(*bytes, encoding)) return *fixed;
  }

  std::u32string fixed = fix_runs(text);
  if (fixed != text) return fixed;

  if (latin_1) {
    const auto windows = latin_1_as_windows_1252(text);
    if (windows && *windows != text) return *windows;
  }
  return fix_c1_controls(text);
}

}  // namespace

std::u32string fix_c1_controls(std::u32string_view text) {
  std::u32string out(text);
  for (char32_t& c : out) {
    if (is_c1(c)) c = windows_1252(c);
  }
  return out;
}

std::u32string fix_encoding(std::u32string_view text) {
  std::u32string current(text);
  while (true) {
    std::u32string next = fix_one_step(current);
    if (next == current) return current;
    current = std::move(next);
  }
}

}  // namespace graft::text
