#include "graft/text/clip_vocabulary.h"

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/text/gunzip.h"

extern "C" const char graft_clip_merges_begin[], graft_clip_merges_end[];  // clip_merges.S

namespace graft::text {

ClipVocabulary ClipVocabulary::openai(const BytePairs& pairs) {
  ClipVocabulary vocabulary;
  for (int32_t token = 0; token < pairs.size(); ++token)
    vocabulary.ids.push_back(token);
  vocabulary.tokens = vocabulary.ids;
  vocabulary.tokens.resize(vocabulary.ids.size() + 2, -1);
  vocabulary.start = pairs.size();
  vocabulary.end = pairs.size() + 1;
  return vocabulary;
}

ClipVocabulary ClipVocabulary::from_json(std::string_view json, const BytePairs& pairs) {
  const auto entries = nlohmann::json::parse(json, nullptr, false);
  if (!entries.is_object()) {
    throw ModelError("tokenizer",
                     "the vocabulary is not JSON of the form {{\"token\": id, ...}}. Is vocab.json complete?");
  }
  const auto size = static_cast<int64_t>(entries.size());
  const auto id_of = [&](const std::string& token) {
    const auto entry = entries.find(token);
    if (entry == entries.end() || !entry->is_number_integer()) {
      throw ModelError("tokenizer", "the vocabulary has no id for '{}'. Do vocab.json and merges.txt belong together?",
                       token);
    }
    const auto id = entry->get<int64_t>();
    if (id < 0 || id >= size) {
      throw ModelError("tokenizer", "the vocabulary gives '{}' the id {}: expected 0 to {}.", token, id, size - 1);
    }
    return static_cast<int32_t>(id);
  };
  ClipVocabulary vocabulary;
  vocabulary.tokens.assign(static_cast<size_t>(size), -1);
  for (int32_t token = 0; token < pairs.size(); ++token) {
    const int32_t id = id_of(pairs.spelling(token));
    vocabulary.ids.push_back(id);
    vocabulary.tokens[static_cast<size_t>(id)] = token;
  }
  vocabulary.start = id_of("<|startoftext|>");
  vocabulary.end = id_of("<|endoftext|>");
  return vocabulary;
}

std::string embedded_merges() {
  constexpr size_t kUnpackedBytes = 4u << 20;  // of the file, rounded up
  const auto size = static_cast<size_t>(graft_clip_merges_end - graft_clip_merges_begin);
  return gunzip({graft_clip_merges_begin, size}, kUnpackedBytes);
}

}  // namespace graft::text
