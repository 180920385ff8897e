#include "graft/detection/class_names.h"

#include <array>
#include <cctype>
#include <string>

namespace graft::detection {
namespace {

// In the plural they are another thing, or nothing in the singular.
constexpr std::array<std::string_view, 21> kPluralAlone = {
    "glasses",    "scissors", "jeans",      "trousers",   "pants",    "shorts",     "goggles",
    "binoculars", "tongs",    "pliers",     "sunglasses", "leggings", "headphones", "tights",
    "overalls",   "briefs",   "spectacles", "clothes",    "news",     "series",     "species"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kOdd = {{{"men", "man"},
                                                                                 {"skis", "ski"},
                                                                                 {"taxis", "taxi"},
                                                                                 {"women", "woman"},
                                                                                 {"children", "child"},
                                                                                 {"people", "person"},
                                                                                 {"mice", "mouse"},
                                                                                 {"geese", "goose"},
                                                                                 {"feet", "foot"},
                                                                                 {"teeth", "tooth"},
                                                                                 {"leaves", "leaf"},
                                                                                 {"knives", "knife"},
                                                                                 {"loaves", "loaf"},
                                                                                 {"shelves", "shelf"}}};

bool ends(std::string_view word, std::initializer_list<std::string_view> endings) {
  for (const auto ending : endings)
    if (word.size() > ending.size() + 1 && word.ends_with(ending)) return true;
  return false;
}

// Lower case, words of letters, digits and bytes beyond ASCII, one blank between.
std::string words_of(std::string_view text) {
  std::string words;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80)
      words += static_cast<char>(std::tolower(byte));
    else if (c == '\'' || c == '.')
      continue;  // "player's", "st. bernard"
    else if (!words.empty() && words.back() != ' ')
      words += ' ';
  }
  while (!words.empty() && words.back() == ' ')
    words.pop_back();
  return words;
}

std::string with_singular_end(const std::string& words) {
  const auto blank = words.find_last_of(' ');
  const std::size_t last = blank == std::string::npos ? 0 : blank + 1;
  return words.substr(0, last) + singular_of(std::string_view(words).substr(last));
}

}  // namespace

std::string singular_of(std::string_view word) {
  for (const auto one : kPluralAlone)
    if (one == word) return std::string(word);
  for (const auto& [plural, singular] : kOdd)
    if (plural == word) return std::string(singular);
  if (word.size() < 4 || !word.ends_with('s') || ends(word, {"ss", "us", "is"})) return std::string(word);
  if (ends(word, {"ies"})) return std::string(word.substr(0, word.size() - 3)) + "y";
  if (ends(word, {"ches", "shes", "xes", "sses", "zzes", "oes"})) return std::string(word.substr(0, word.size() - 2));
  if (ends(word, {"lves", "rves"})) return std::string(word.substr(0, word.size() - 3)) + "f";
  return std::string(word.substr(0, word.size() - 1));
}

NameForms name_forms(std::string_view name) {
  NameForms forms;
  const auto open = name.find('(');
  const auto close = name.find(')', open == std::string_view::npos ? 0 : open);
  if (open != std::string_view::npos && close != std::string_view::npos && open > 0) {
    forms.qualifier = words_of(name.substr(open + 1, close - open - 1));
    forms.plain = words_of(std::string(name.substr(0, open)) + " " + std::string(name.substr(close + 1)));
  } else {
    forms.plain = words_of(name);
  }
  forms.singular = with_singular_end(forms.plain);
  const auto blank = forms.singular.find_last_of(' ');
  if (blank != std::string::npos) forms.head = forms.singular.substr(blank + 1);
  std::string slashed(name.substr(0, open == 0 ? std::string_view::npos : open));
  for (auto at = slashed.find(" or "); at != std::string::npos; at = slashed.find(" or "))
    slashed.replace(at, 4, "/");
  if (slashed.find('/') != std::string::npos) {
    for (std::size_t from = 0; from <= slashed.size();) {
      const auto slash = std::min(slashed.find('/', from), slashed.size());
      auto part = with_singular_end(words_of(std::string_view(slashed).substr(from, slash - from)));
      if (!part.empty()) forms.parts.push_back(std::move(part));
      from = slash + 1;
    }
  }
  return forms;
}

}  // namespace graft::detection
