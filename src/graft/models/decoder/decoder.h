// A decoder language model: Llama (Touvron et al. 2023, arXiv:2302.13971) and those built like it. It reads ids from
// left to right; each row tells the next token. As a tower its features are the last token's row.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

#include "graft/models/checkpoint.h"
#include "graft/models/decoder/decoder_settings.h"
#include "graft/models/decoder/vocabulary_head.h"
#include "graft/models/tower.h"
#include "graft/nn/decoder_block.h"
#include "graft/nn/joint.h"
#include "graft/nn/key_values.h"

namespace graft::models::decoder {

struct DecoderParts {
  Settings settings;
  at::Tensor embedding;  // [V, D]
  std::vector<std::shared_ptr<nn::DecoderBlock>> blocks;
  std::shared_ptr<nn::RmsNorm> norm;
  std::shared_ptr<VocabularyHead> head;
  bool own_head = false;                             // the head's weight is not the embedding
  std::shared_ptr<const text::Tokenizer> tokenizer;  // null: none lay beside the weights
  std::vector<Origin> origins;                       // of its parameters, by the model's names for them
};

class Decoder final : public Tower {
 public:
  // Parameters: embedding, blocks.K.*, norm.weight, head.weight
  explicit Decoder(DecoderParts parts);

  // --- as a tower
  nn::Tower name() const override { return nn::Tower::text; }
  int64_t width(nn::Place) const override { return parts_.settings.width; }
  // From ids [B, T] int64; their padding comes last.
  nn::Value run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const override;
  nn::Value kept(at::Tensor x, nn::Place place) const override;
  bool has_one_shape(nn::Place place) const override { return place >= pooled(); }
  at::Tensor rows(const nn::Value& value) const override;
  std::vector<nn::Joint*> joints() override;
  nn::Place place_of(const std::string& name) const override;

  int64_t context_length() const override { return parts_.settings.context_length; }
  std::shared_ptr<const text::Tokenizer> tokenizer() const override { return parts_.tokenizer; }
  at::Tensor embed_words(const at::Tensor& ids) const override;

  // --- as a language model
  const Settings& settings() const { return parts_.settings; }
  const std::vector<Origin>& origins() const { return parts_.origins; }
  int64_t vocabulary() const { return parts_.head->vocabulary(); }
  const VocabularyHead& head() const { return *parts_.head; }

  // Of ids [B, T] with their padding: a row a token, [B, T, D] float32, behind the last norm, for head() and
  // next_token_loss(). `documents` [B, T] int64, where several lie packed in a row, numbers them: a token sees its own
  // alone, and positions start at 0 in each.
  at::Tensor hidden(const nn::Value& ids, const nn::Context& context, const at::Tensor& documents = {}) const;
  // The same of ids [B, T] that go on from what the cache holds, which then holds them too; without a gradient.
  // DataError where they pass the context. Padding at the end of a row is read like any token: nothing before it sees
  // it, and what comes behind it must not be read (truncate() the cache).
  at::Tensor hidden(const at::Tensor& ids, nn::KeyValueCache& cache, const nn::Context& context = {}) const;
  // Of the next token of each text, ids [B, 1], the logits of what follows: [B, V]. Faster than the two others, and
  // other bits: products of a few rows are made otherwise (tensor/few_rows.h).
  at::Tensor next(const at::Tensor& ids, nn::KeyValueCache& cache) const;
  // It begins with what a method puts before every text: keys and values, and tokens that are read here.
  nn::KeyValueCache new_cache(const nn::Context& context = {}) const;
  // Tokens of a text that are read at most: the context, less what a method puts before it.
  int64_t longest() const;

  // rows [..., D] -> [..., V] float32
  at::Tensor logits(const at::Tensor& rows) const { return parts_.head->logits(rows); }

 private:
  nn::Value embed(const nn::Value& ids, const nn::Context& context) const;
  nn::Value with_prompts(const nn::Value& words, const nn::Context& context) const;
  int64_t rows_before() const;  // keys and values before every text
  // Of so many rows, the last of them of `documents` where those are told.
  nn::DecoderCall call_for(int64_t rows, const at::Tensor& documents, nn::KeyValueCache* cache) const;
  // Of tokens [B, T, D] behind blocks [begin, end)
  at::Tensor run_blocks(const nn::Value& tokens, int64_t begin, int64_t end, nn::DecoderCall call,
                        const nn::Context& context) const;

  DecoderParts parts_;
  nn::Joint tokens_;
};

}  // namespace graft::models::decoder
