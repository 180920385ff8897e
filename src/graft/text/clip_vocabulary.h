// Which id each of CLIP's byte-pair tokens has: in OpenAI's order, or as a Hugging Face folder's vocab.json says.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graft/text/byte_pairs.h"

namespace graft::text {

struct ClipVocabulary {
  std::vector<int32_t> ids;     // [BytePairs' token] -> id
  std::vector<int32_t> tokens;  // [id] -> BytePairs' token, -1 for start, end and what no merge makes
  int32_t start = 0, end = 0;

  static ClipVocabulary openai(const BytePairs& pairs);
  // {"token": id, ...} in GPT-2's alphabet, with <|startoftext|> and <|endoftext|>. A token that merges make and it
  // lacks, or an id beyond its size, is a ModelError.
  static ClipVocabulary from_json(std::string_view json, const BytePairs& pairs);
};

// The merges file of OpenAI's vocabulary, embedded in the library.
std::string embedded_merges();

}  // namespace graft::text
