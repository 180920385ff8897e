#include "graft/engine/caption_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace graft::engine {
namespace {

// The eleven basic terms (Berlin and Kay 1969) and what shops and captions call colours besides.
constexpr std::array<std::string_view, 44> kColours = {
    "black",     "white",   "grey",    "gray",     "red",     "green",         "blue",    "yellow",   "brown",
    "orange",    "pink",    "purple",  "violet",   "lilac",   "lavender",      "magenta", "maroon",   "burgundy",
    "crimson",   "scarlet", "rust",    "peach",    "beige",   "cream",         "khaki",   "tan",      "olive",
    "turquoise", "teal",    "cyan",    "indigo",   "navy",    "mauve",         "coral",   "charcoal", "silver",
    "golden",    "ivory",   "mustard", "coloured", "colored", "multicoloured", "gold",    "taupe"};
constexpr std::array<std::string_view, 6> kSides = {"left", "right", "leftmost", "rightmost", "lefthand", "righthand"};

// The first of `words` that stands in the text by itself; empty: none does.
template <class Words>
std::string_view first_of(std::string_view text, const Words& words) {
  const auto letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && letter(text[end]))
      ++end;
    std::string word(text.substr(begin, end - begin));
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    if (const auto found = std::find(words.begin(), words.end(), word); found != words.end())
      return text.substr(begin, end - begin);
    begin = end + 1;
  }
  return {};
}

bool changes_colours(const data::Augmentation& a) {
  return a.hue > 0 || a.saturation > 0 || a.grey_chance > 0 || a.policy != data::Policy::none;
}

void warn(int64_t count, size_t of, const char* what, const std::string& word, const std::string& caption,
          const std::string& change, Reporter& report) {
  report.warn(fmt::format("{} of {} training captions name {} ('{}' in '{}'), and {}: what they say is then false",
                          count, of, what, word, caption, change));
}

}  // namespace

CaptionFindings findings_of(const std::vector<data::Sample>& pairs) {
  CaptionFindings found;
  const auto look = [](const std::string& caption, const auto& words, int64_t& count, std::string& word,
                       std::string& first) {
    const auto here = first_of(caption, words);
    if (here.empty()) return;
    if (count++ > 0) return;
    word = here;
    first = caption;
  };
  for (const auto& pair : pairs) {
    look(pair.pair, kColours, found.colours, found.colour, found.of_colour);
    look(pair.pair, kSides, found.sides, found.side, found.of_side);
  }
  return found;
}

void warn_of_captions(const std::vector<data::Sample>& pairs, const data::Augmentation& augmentation,
                      const std::string& name, Reporter& report) {
  const auto found = findings_of(pairs);
  if (found.colours > 0 && changes_colours(augmentation)) {
    warn(found.colours, pairs.size(), "a colour", found.colour, found.of_colour,
         fmt::format("--augment {} changes colours", name), report);
  }
  if (found.sides > 0 && augmentation.flip) {
    warn(found.sides, pairs.size(), "a side", found.side, found.of_side,
         fmt::format("--augment {} turns half of the photos over", name), report);
  }
}

}  // namespace graft::engine
