#include "graft/prompting/reasoning.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/shuffle.h"
#include "graft/text/text_file.h"
#include "graft/text/unicode.h"
#include "graft/text/utf8.h"

namespace graft::prompting {
namespace {

std::vector<std::string> words_of(std::string_view written) {
  std::vector<std::string> words;
  std::u32string word;
  for (const char32_t c : text::decode_utf8(written) + U' ') {
    if (!text::is_space(c)) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(text::encode_utf8(word));
      word.clear();
    }
  }
  return words;
}

// A sentence ends in . ! or ? before a blank: "3.5" is none.
std::vector<std::string> sentences_of(std::string_view reasoning) {
  std::vector<std::string> sentences;
  size_t from = 0;
  for (size_t i = 0; i < reasoning.size(); ++i) {
    const bool ends = std::string_view(".!?").find(reasoning[i]) != std::string_view::npos &&
                      (i + 1 == reasoning.size() || reasoning[i + 1] == ' ');
    if (!ends && i + 1 < reasoning.size()) continue;
    const auto sentence = text::trimmed(reasoning.substr(from, i + 1 - from));
    if (!sentence.empty()) sentences.emplace_back(sentence);
    from = i + 1;
  }
  return sentences;
}

std::string joined(const std::vector<std::string>& parts, char between) {
  std::string all;
  for (const auto& part : parts)
    all += (all.empty() ? "" : std::string(1, between)) + part;
  return all;
}

struct Steps {
  std::vector<std::string> parts;
  char between = ' ';
};

Steps split(std::string_view reasoning) {
  if (auto lines = text::trimmed_lines(reasoning); lines.size() > 1) return {std::move(lines), '\n'};
  if (auto sentences = sentences_of(reasoning); sentences.size() > 1) return {std::move(sentences)};
  return {words_of(reasoning)};
}

std::string scrambled(std::string_view reasoning, Random random) {
  auto steps = split(reasoning);
  const auto given = steps.parts;
  const bool one_kind = std::ranges::all_of(given, [&](const std::string& one) { return one == given.front(); });
  while (!one_kind && steps.parts == given)
    shuffle(steps.parts, random);
  return joined(steps.parts, steps.between);
}

}  // namespace

std::vector<std::pair<Strategy, std::string>> choices(Strategy) {
  return {{Strategy::direct, "direct"},
          {Strategy::cot, "cot"},
          {Strategy::zero_shot_cot, "zero-shot-cot"},
          {Strategy::scrambled, "scrambled"},
          {Strategy::filler, "filler"}};
}

bool shows_steps(Strategy strategy) {
  return strategy == Strategy::cot || strategy == Strategy::scrambled || strategy == Strategy::filler;
}

std::vector<std::string> steps_of(std::string_view reasoning) {
  return split(reasoning).parts;
}

std::string shown_reasoning(Strategy strategy, std::string_view reasoning, Random random) {
  switch (strategy) {
    case Strategy::cot:
      return std::string(reasoning);
    case Strategy::scrambled:
      return scrambled(reasoning, random);
    case Strategy::filler:
      return joined(std::vector<std::string>(words_of(reasoning).size(), "..."), ' ');
    default:
      return "";
  }
}

}  // namespace graft::prompting
