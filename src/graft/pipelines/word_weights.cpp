#include "graft/pipelines/word_weights.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/data/batch.h"
#include "graft/models/sources.h"
#include "graft/text/tokenizer.h"

namespace graft::pipelines {
namespace {

// A token as it stands in a text, and whether a new word begins with it. Vocabularies write that in three ways: "##ing"
// goes on (WordPiece), "Ġword" and " word" begin (byte pairs).
std::pair<std::string, bool> piece_of(const std::string& spelling) {
  constexpr std::string_view kGoesOn = "##", kByteBlank = "\xc4\xa0";
  if (spelling.starts_with(kGoesOn)) return {spelling.substr(kGoesOn.size()), false};
  if (spelling.starts_with(kByteBlank)) return {spelling.substr(kByteBlank.size()), true};
  return {spelling, true};
}

// Whether the vocabulary marks beginnings, so that what has no mark goes on.
bool marks_beginnings(const std::vector<std::string>& spellings) {
  return std::ranges::any_of(spellings, [](const auto& spelling) { return spelling.starts_with("\xc4\xa0"); });
}

// [T], of one text: the gradient of an output with respect to the first block's tokens, times these.
at::Tensor token_weights(const methods::Adapted& adapted, const nn::Value& read, int64_t output) {
  const torch::AutoGradMode with_graph(true);
  auto& tower = adapted.model->reader();
  nn::Context context;
  auto tokens = tower.run(read, 0, 1, context);
  const auto leaf = tokens.x.detach().requires_grad_();
  tokens.x = leaf;
  const auto there = tower.run(std::move(tokens), 1, adapted.head_at, context);
  const auto outputs = adapted.head->answer(tower, there, context);
  const auto gradient = torch::autograd::grad({outputs[0][output]}, {leaf})[0];
  return (gradient * leaf).sum(2).squeeze(0).detach();
}

}  // namespace

WordWeights word_weights(const methods::Adapted& adapted, const data::Source& source, int64_t example, int64_t output) {
  const auto tokenizer = adapted.model->reader().tokenizer();
  GRAFT_ASSERT(tokenizer);
  const auto batch = data::batch_of(source, {example});
  const auto weights = token_weights(adapted, models::value_of(batch, adapted.model->info().preprocessing), output);
  const auto count = std::min<int64_t>(source.length(example), weights.numel());
  std::vector<std::string> spellings;
  for (int64_t i = 0; i < count; ++i)
    spellings.push_back(tokenizer->spelling(batch.ids[static_cast<size_t>(i)]));
  const bool marked = marks_beginnings(spellings);
  const auto is_special = [&](int32_t id) {
    return std::ranges::any_of(tokenizer->special(), [&](const auto& named) { return named.second == id; });
  };
  WordWeights words;
  for (int64_t i = 0; i < count; ++i) {
    if (is_special(batch.ids[static_cast<size_t>(i)])) continue;
    const auto& spelling = spellings[static_cast<size_t>(i)];
    auto [piece, begins] = piece_of(spelling);
    if (marked) begins = spelling.starts_with("\xc4\xa0");
    const auto weight = weights[i].item<double>();
    if (begins || words.empty()) {
      words.emplace_back((words.empty() ? "" : " ") + piece, weight);
    } else {
      words.back().first += piece;
      words.back().second += weight;
    }
  }
  double most = 0;
  for (const auto& [word, weight] : words)
    most = std::max(most, std::abs(weight));
  for (auto& [word, weight] : words)
    weight = most > 0 && std::isfinite(most) ? weight / most : 0;
  return words;
}

}  // namespace graft::pipelines
