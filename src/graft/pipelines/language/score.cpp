#include "graft/pipelines/language/score.h"

#include "graft/core/error.h"
#include "graft/data/problems.h"

namespace graft::pipelines::language {

ScoredTexts score_texts(const prompting::Items& items, prompting::LanguageModel& model) {
  const bool pairs = items.front().fields.count("prompt") > 0 || items.front().fields.count("completion") > 0;
  data::Problems problems("the texts to score");
  std::vector<prompting::Pair> asked;
  std::vector<std::string> texts;
  for (const auto& item : items) {
    const auto found = [&](const char* name) {
      const auto field = item.fields.find(name);
      return field == item.fields.end() ? std::string() : field->second;
    };
    texts.push_back(found(pairs ? "completion" : "text"));
    if (pairs) asked.push_back({found("prompt"), texts.back()});
    if (texts.back().empty())
      problems.add("{}: {}", item.place,
                   pairs ? "the completion is empty: there is nothing to score."
                         : "expected `prompt` and `completion`, or `text`, and found nothing to score.");
  }
  problems.throw_if_any();
  const auto likelihoods = pairs ? model.log_likelihoods(asked) : model.text_likelihoods(texts);
  ScoredTexts scored;
  std::vector<prompting::Weighted> tokens, words, bytes;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto& one = likelihoods[i];
    scored.texts.push_back(
        {items[i].place, one, prompting::count_words(texts[i]), static_cast<int64_t>(texts[i].size())});
    tokens.push_back({one.sum, static_cast<double>(one.tokens)});
    words.push_back({one.sum, static_cast<double>(scored.texts.back().words)});
    bytes.push_back({one.sum, static_cast<double>(scored.texts.back().bytes)});
  }
  scored.scores = {perplexity_score("token_perplexity", tokens), perplexity_score("word_perplexity", words),
                   perplexity_score("byte_perplexity", bytes), perplexity_score("bits_per_byte", bytes)};
  return scored;
}

}  // namespace graft::pipelines::language
