// How the tokens of a text become one row: the names and the arithmetic of sentence-transformers (Reimers and Gurevych
// 2019, arXiv:1908.10084), and BERT's own pooler.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graft/nn/value.h"

namespace graft::models {

enum class TextPooling {
  cls,            // the class token's row
  pooler,         // tanh of a linear map of that (Devlin et al. 2019, arXiv:1810.04805)
  mean,           // of all tokens, special ones too
  max,            // of each column
  mean_sqrt_len,  // the sum over the root of their number
  weighted_mean,  // the k-th token counts k times
  last,           // the last token's row
};
std::vector<std::pair<TextPooling, std::string>> choices(TextPooling);
std::string to_string(TextPooling pooling);

// tokens [B, T, D] -> [B, D]; the pooler's row is the class token's, its map is the caller's.
at::Tensor pooled(const nn::Value& tokens, TextPooling pooling);

// Whether it is one token's row, so that a last block need compute no other.
bool is_one_row(TextPooling pooling);

}  // namespace graft::models
