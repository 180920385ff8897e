#include "graft/models/text_pooling.h"

#include <torch/types.h>

#include <limits>

#include "graft/core/error.h"
#include "graft/nn/block.h"

namespace graft::models {
namespace {

// [B, T] in the tokens' type: 1 where a token is, 0 where padding is.
at::Tensor counted(const nn::Value& tokens) {
  const auto& x = tokens.x;
  return tokens.present.defined() ? tokens.present.to(x.scalar_type()) : at::ones({x.size(0), x.size(1)}, x.options());
}

// The sum of the tokens, each times its weight: [B, T] -> [B, D].
at::Tensor weighed(const at::Tensor& x, const at::Tensor& weights) {
  return at::bmm(weights.unsqueeze(1), x).squeeze(1);
}

}  // namespace

std::vector<std::pair<TextPooling, std::string>> choices(TextPooling) {
  return {{TextPooling::cls, "cls"},
          {TextPooling::pooler, "pooler"},
          {TextPooling::mean, "mean"},
          {TextPooling::max, "max"},
          {TextPooling::mean_sqrt_len, "mean_sqrt_len_tokens"},
          {TextPooling::weighted_mean, "weightedmean"},
          {TextPooling::last, "lasttoken"}};
}

std::string to_string(TextPooling pooling) {
  for (const auto& [each, name] : choices(pooling))
    if (each == pooling) return name;
  throw InternalError("pooling", "a pooling without a name: {}", static_cast<int>(pooling));
}

bool is_one_row(TextPooling pooling) {
  return pooling == TextPooling::cls || pooling == TextPooling::pooler;
}

at::Tensor pooled(const nn::Value& tokens, TextPooling pooling) {
  const auto& x = tokens.x;
  switch (pooling) {
    case TextPooling::cls:
    case TextPooling::pooler:
      return x.select(1, 0);
    case TextPooling::mean: {
      const auto present = counted(tokens);
      return weighed(x, present / present.sum(1, /*keepdim=*/true).clamp_min(1e-9));
    }
    case TextPooling::mean_sqrt_len: {
      const auto present = counted(tokens);
      return weighed(x, present / present.sum(1, /*keepdim=*/true).clamp_min(1e-9).sqrt());
    }
    case TextPooling::weighted_mean: {
      const auto weights = counted(tokens) * at::arange(1, x.size(1) + 1, x.options());
      return weighed(x, weights / weights.sum(1, /*keepdim=*/true).clamp_min(1e-9));
    }
    case TextPooling::max: {
      const auto padding = counted(tokens).eq(0).unsqueeze(2);
      return x.masked_fill(padding, -std::numeric_limits<double>::infinity()).amax(1);
    }
    case TextPooling::last:
      return nn::take_rows(x, counted(tokens).sum(1).to(at::kLong) - 1).squeeze(1);
  }
  throw InternalError("pooling", "a pooling without a form: {}", static_cast<int>(pooling));
}

}  // namespace graft::models
