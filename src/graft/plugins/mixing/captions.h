// Captions as ids, and two of them joined to one: what is written first, then the other, as one text between the
// special tokens that the tower wants. To CLIP's tokeniser and to WordPiece that is the text "first second"; to byte
// pairs of GPT-2's kind (RoBERTa), whose words hold the blank before them, the second's first word stands without its.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>

namespace graft::plugins {

// What stands around a text, and how long it may be with that.
struct TextFrame {
  int64_t before = 1, behind = 1;  // special tokens
  int64_t most = 77;               // ids
};

// first and second [M, C] with data::kNoToken behind shorter ones -> [M, C'], C' of the longest; of what is longer than
// the frame allows the end is cut.
at::Tensor joined_captions(const at::Tensor& first, const at::Tensor& second, const TextFrame& frame);

// What joining costs, over all ordered pairs of two of the captions, each of a length with its special tokens.
struct JoiningLoss {
  double cut = 0;       // share of the pairs that are too long
  double lost = 0;      // share of those pairs' second captions that is cut away, in tokens
  double nothing = 0;   // share of all pairs of which nothing of the second is left
  int64_t longest = 0;  // of the captions
};
JoiningLoss joining_loss(const std::map<int64_t, int64_t>& count_of_length, const TextFrame& frame);

}  // namespace graft::plugins
