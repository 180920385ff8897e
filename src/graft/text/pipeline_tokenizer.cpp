#include "graft/text/pipeline_tokenizer.h"

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/text/given_text.h"
#include "graft/text/utf8.h"

namespace graft::text {

PipelineTokenizer::PipelineTokenizer(Pipeline parts)
    : normalizer_(std::move(parts.normalizer)),
      words_(std::move(parts.words)),
      model_(std::move(parts.model)),
      added_(std::move(parts.added), normalizer_),
      decoder_(std::move(parts.decoder)) {
  frame_ = std::move(parts.frame);
  special_ = std::move(parts.special);
  pad_ = parts.pad;
  pads_left_ = parts.pads_left;
  max_length_ = parts.max_length;
  size_ = model_->vocabulary().end();
  for (const auto& token : added_.tokens())
    size_ = std::max(size_, token.id + 1);
}

std::vector<int32_t> PipelineTokenizer::encode(std::string_view text, Specials specials, bool begins) const {
  using Stage = AddedTokens::Stage;
  const std::u32string characters = decoded(text);
  std::vector<int32_t> ids;
  for (const auto& written : added_.split(characters, Stage::kAsWritten, specials)) {
    if (written.token != nullptr) {
      ids.push_back(written.token->id);
      begins = false;
      continue;
    }
    std::u32string normal(written.text);
    if (normalizer_) normal = normalizer_(std::move(normal));
    for (const auto& part : added_.split(normal, Stage::kNormalized, specials)) {
      if (part.token != nullptr)
        ids.push_back(part.token->id);
      else
        append_words(std::u32string(part.text), begins, ids);
      begins = false;
    }
  }
  return ids;
}

void PipelineTokenizer::append_words(std::u32string text, bool begins, std::vector<int32_t>& ids) const {
  const size_t length = text.size();
  Pieces pieces{std::move(text), {{0, length}}, begins};
  for (const auto& step : words_)
    step(pieces);
  std::string word;
  for (size_t i = 0; i < pieces.spans.size(); ++i) {
    word.clear();
    append_utf8(word, pieces[i]);
    cache_.append(word, ids, [this](std::string_view whole, std::vector<int32_t>& out) { model_->encode(whole, out); });
  }
}

std::string PipelineTokenizer::spelling(int32_t id) const {
  if (const auto* added = added_.find(id)) return added->content;
  const auto* token = model_->vocabulary().token(id);
  return token == nullptr ? std::string() : *token;
}

std::optional<int32_t> PipelineTokenizer::id_of(std::string_view spelling) const {
  if (const auto* added = added_.find(spelling)) return added->id;
  return model_->vocabulary().find(spelling);
}

std::string PipelineTokenizer::decode(std::span<const int32_t> ids) const {
  std::vector<std::string> tokens;
  for (const int32_t id : ids) {
    if (id < 0 || id >= size_) throw DataError("tokenizer", "no token has the id {}: expected 0 to {}.", id, size_ - 1);
    tokens.push_back(spelling(id));
  }
  return decoder_(std::move(tokens));
}

}  // namespace graft::text
