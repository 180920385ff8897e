// A decoder that learns to tell the next token: the mean of -log p over the tokens that are asked for.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "graft/engine/token_rows.h"
#include "graft/models/decoder/decoder.h"
#include "graft/train/objective.h"

namespace graft::engine {

class LanguageObjective final : public train::Objective {
 public:
  static constexpr int64_t kRowsAtOnce = 8;  // of a validation

  // `parameters` are the decoder's, or its inserts'; all of them must outlive this. `validation` of no rows: there is
  // none.
  LanguageObjective(const models::decoder::Decoder& decoder, nn::Parameters parameters, TokenRows validation = {});

  const nn::Parameters& parameters() const override { return parameters_; }
  at::Tensor loss(const train::Batch& batch, nn::Context& context) override;
  // Perplexity, lower is better.
  std::optional<tasks::Scores> validate() override;
  std::vector<std::string> score_names() const override;

 private:
  const models::decoder::Decoder& decoder_;
  nn::Parameters parameters_;
  TokenRows validation_;
};

}  // namespace graft::engine
