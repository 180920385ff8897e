#include "graft/models/clip/prompts.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"
#include "graft/text/clip_tokenizer.h"

namespace graft::models {
namespace {

// Folder names cannot hold spaces everywhere; CLIP's authors and CoOp read them so as well.
std::string spoken(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string filled(const std::string& form, const std::string& name) {
  std::string text;
  size_t from = 0;
  for (size_t at = form.find("{}"); at != std::string::npos; at = form.find("{}", from)) {
    text += form.substr(from, at - from) + name;
    from = at + 2;
  }
  if (from == 0) {
    throw ConfigError("prompts", "the template '{}' has no place for the class name: expected {{}} in it.", form);
  }
  return text + form.substr(from);
}

// Rows of ids, filled with 0 after their ends to the length of the longest.
Prompts padded(const std::vector<text::Tokens>& rows) {
  size_t longest = 0;
  for (const auto& row : rows)
    longest = std::max(longest, row.ids.size());
  const auto count = static_cast<int64_t>(rows.size());
  const auto ids = at::zeros({count, static_cast<int64_t>(longest)}, tensor::on_cpu(at::kLong));
  const auto present = at::zeros({count, static_cast<int64_t>(longest)}, tensor::on_cpu(at::kBool));
  for (int64_t i = 0; i < count; ++i) {
    std::copy(rows[i].ids.begin(), rows[i].ids.end(), ids[i].data_ptr<int64_t>());
    present[i].narrow(0, 0, rows[i].end + 1).fill_(true);
  }
  return {.ids = {ids, {{{nn::TokenKind::word, ids.size(1)}}, 1}, present}};
}

// How many of the placeholders stand before the name.
int64_t before_name(int64_t words, WordPosition position) {
  switch (position) {
    case WordPosition::end:
      return words;
    case WordPosition::middle:
      return words / 2;
    case WordPosition::front:
      return 0;
  }
  throw InternalError("prompts", "a position without a meaning: {}", static_cast<int>(position));
}

}  // namespace

std::vector<std::pair<WordPosition, std::string>> choices(WordPosition) {
  return {{WordPosition::end, "end"}, {WordPosition::middle, "middle"}, {WordPosition::front, "front"}};
}

Prompts filled_prompts(const std::vector<std::string>& names, const std::string& form, const TextReader& reader) {
  std::vector<text::Tokens> rows;
  int64_t cut = 0;
  for (const auto& name : names) {
    rows.push_back(reader.tokenizer.tokenize(filled(form, spoken(name)), static_cast<int>(reader.context_length),
                                             reader.truncate));
    cut += rows.back().cut;
  }
  auto prompts = padded(rows);
  prompts.cut = cut;
  return prompts;
}

Prompts learned_prompts(const std::vector<std::string>& names, int64_t words, WordPosition position,
                        const TextReader& reader) {
  const auto& tokenizer = reader.tokenizer;
  std::vector<text::Tokens> rows;
  const auto learned = at::empty({static_cast<int64_t>(names.size()), words}, tensor::on_cpu(at::kLong));
  for (size_t i = 0; i < names.size(); ++i) {
    std::string text;
    for (int64_t w = 0; w < words; ++w)
      text += "X ";
    text += spoken(names[i]) + ".";
    auto tokens = tokenizer.tokenize(text, static_cast<int>(reader.context_length), /*truncate=*/true);
    if (tokens.cut) {
      throw DataError("prompts",
                      "the class name '{}' does not fit beside {} learned words into the {} tokens that the model "
                      "reads. Shorten the name, or learn fewer words.",
                      names[i], words, reader.context_length);
    }
    // [start, X times words, name, ".", end]: the name moves forward over the placeholders that follow it.
    const auto name = static_cast<int64_t>(tokenizer.encode(spoken(names[i])).size());
    const auto before = before_name(words, position);
    const auto first = tokens.ids.begin() + 1;
    std::rotate(first + before, first + words, first + words + name);
    auto* rows_learned = learned[static_cast<int64_t>(i)].data_ptr<int64_t>();
    for (int64_t w = 0; w < words; ++w)
      rows_learned[w] = 1 + w + (w < before ? 0 : name);
    rows.push_back(std::move(tokens));
  }
  auto prompts = padded(rows);
  prompts.learned = learned;
  return prompts;
}

}  // namespace graft::models
