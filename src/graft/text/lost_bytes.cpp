#include "graft/text/lost_bytes.h"

#include <algorithm>
#include <cstddef>

namespace graft::text {
namespace {

using Byte = unsigned char;

bool between(Byte byte, Byte low, Byte high) {
  return byte >= low && byte <= high;
}
bool continues(Byte byte) {
  return between(byte, 0x80, 0xbf);
}

// The byte `i` after `at`; the end of the text gives 0, which none of the patterns admits.
Byte byte_at(std::string_view bytes, size_t at, size_t i) {
  return at + i < bytes.size() ? static_cast<Byte>(bytes[at + i]) : 0;
}

// The length of a sequence at `at` that a space for a0 completes: 0 if none. Leads are those whose character before a0
// is likely: no-break space, a grave, S caron, Pi, Er, Arabic zero; in longer ones most scripts, and emoji.
size_t sequence_with_space(std::string_view bytes, size_t at) {
  const Byte lead = byte_at(bytes, at, 0), second = byte_at(bytes, at, 1), third = byte_at(bytes, at, 2),
             fourth = byte_at(bytes, at, 3);
  // 85 and a0 are left out: in text they are an ellipsis and a space.
  const auto proper = [](Byte byte) { return continues(byte) && byte != 0x85 && byte != 0xa0; };
  if ((lead == 0xc2 || lead == 0xc3 || lead == 0xc5 || lead == 0xce || lead == 0xd0 || lead == 0xd9) && second == ' ') {
    return 2;
  }
  if ((lead == 0xe2 || lead == 0xe3) && second == ' ' && proper(third)) return 3;
  if (between(lead, 0xe0, 0xe3) && proper(second) && third == ' ') return 3;
  if (lead != 0xf0) return 0;
  const int spaces = (second == ' ') + (third == ' ') + (fourth == ' ');
  const int others = continues(second) + continues(third) + continues(fourth);
  return spaces == 1 && others == 2 ? 4 : 0;
}

// "a" with grave on its own is a word in French and Portuguese; a few Portuguese words begin with it.
bool is_a_grave_word(std::string_view bytes, size_t at) {
  if (!bytes.substr(at).starts_with("\xc3 ")) return false;
  const std::string_view after = bytes.substr(at + 2);
  return !after.starts_with(" ") && !after.starts_with("quele") && !after.starts_with("quela") &&
         !after.starts_with("quilo") && !after.starts_with("s ");
}

std::string mark_a_grave_words(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    if (is_a_grave_word(bytes, at)) {
      out += "\xc3\xa0 ";
      at += 2;
    } else {
      out += bytes[at++];
    }
  }
  return out;
}

bool is_lost(Byte byte) {
  return byte == 0x1a;
}
bool may_be_lost(Byte byte) {
  return is_lost(byte) || byte == '?';
}
bool continues_or_lost(Byte byte) {
  return continues(byte) || is_lost(byte);
}

// Two surrogates of CESU-8, one of whose last bytes is lost.
bool is_lossy_surrogate_pair(std::string_view bytes, size_t at) {
  const Byte low = byte_at(bytes, at, 2), high = byte_at(bytes, at, 5);
  const auto any = [](Byte byte) { return continues(byte) || may_be_lost(byte); };
  return byte_at(bytes, at, 0) == 0xed && between(byte_at(bytes, at, 1), 0xa0, 0xaf) && byte_at(bytes, at, 3) == 0xed &&
         between(byte_at(bytes, at, 4), 0xb0, 0xbf) &&
         ((may_be_lost(low) && any(high)) || (any(low) && may_be_lost(high)));
}

// The length of a sequence at `at` with lost bytes: 0 if none. One of them may be a `?`, and must in a sequence of two
// come after c2 or c3, as others are common before a question mark.
size_t lossy_sequence(std::string_view bytes, size_t at) {
  const Byte lead = byte_at(bytes, at, 0), second = byte_at(bytes, at, 1), third = byte_at(bytes, at, 2),
             fourth = byte_at(bytes, at, 3);
  if (between(lead, 0xc2, 0xdf) && is_lost(second)) return 2;
  if (between(lead, 0xc2, 0xc3) && second == '?') return 2;
  if (is_lossy_surrogate_pair(bytes, at)) return 6;
  const auto lossy = [](std::initializer_list<Byte> rest) {
    const auto questions = std::count(rest.begin(), rest.end(), static_cast<Byte>('?'));
    return std::all_of(rest.begin(), rest.end(), [](Byte b) { return continues_or_lost(b) || b == '?'; }) &&
           std::any_of(rest.begin(), rest.end(), may_be_lost) && questions <= 1;
  };
  if (between(lead, 0xe0, 0xef) && lossy({second, third})) return 3;
  if (between(lead, 0xf0, 0xf4) && lossy({second, third, fourth})) return 4;
  return is_lost(lead) ? 1 : 0;
}

}  // namespace

bool has_spaces_for_a0(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (sequence_with_space(bytes, at) != 0) return true;
  }
  return false;
}

std::string restore_byte_a0(std::string_view bytes) {
  std::string out = mark_a_grave_words(bytes);
  for (size_t at = 0; at < out.size();) {
    const size_t length = sequence_with_space(out, at);
    std::replace(out.begin() + static_cast<std::ptrdiff_t>(at), out.begin() + static_cast<std::ptrdiff_t>(at + length),
                 ' ', '\xa0');
    at += std::max<size_t>(length, 1);
  }
  return out;
}

std::string replace_lossy_sequences(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = lossy_sequence(bytes, at);
    if (length == 0) {
      out += bytes[at++];
    } else {
      out += "\xef\xbf\xbd";
      at += length;
    }
  }
  return out;
}

}  // namespace graft::text
