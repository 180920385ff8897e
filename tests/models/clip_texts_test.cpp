#include "graft/models/clip/clip_texts.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "graft/text/byte_pairs.h"
#include "tests/support/temp_folder.h"

namespace graft::models::clip {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kFewMerges = "#version: 0.2\nc a\nca t</w>\n";
constexpr const char* kClipCuts =
    R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";

// A vocabulary of bytes and two merges, whose ids count backwards.
json backwards() {
  const text::BytePairs pairs(kFewMerges, 10);
  json vocabulary;
  for (int32_t token = 0; token < pairs.size(); ++token)
    vocabulary[pairs.spelling(token)] = pairs.size() + 1 - token;
  vocabulary["<|startoftext|>"] = 0;
  vocabulary["<|endoftext|>"] = 1;
  return vocabulary;
}

json tokenizer_json() {
  return {{"model",
           {{"type", "BPE"},
            {"end_of_word_suffix", "</w>"},
            {"continuing_subword_prefix", ""},
            {"vocab", backwards()},
            {"merges", {json{"c", "a"}, "ca t</w>"}}}},
          {"normalizer", {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}, {{"type", "Lowercase"}}}}}},
          {"pre_tokenizer", {{"type", "Split"}, {"pattern", {{"Regex", kClipCuts}}}}},
          {"added_tokens", {{{"id", 0}, {"content", "<|startoftext|>"}}, {{"id", 1}, {"content", "<|endoftext|>"}}}}};
}

Texts read_texts_of(const TempFolder& folder, int64_t words) {
  io::ModelFolder model;
  model.path = folder.path();
  return texts_of(model, /*open_clip=*/false, words);
}

TEST(ClipTexts, AnotherVocabularyOfItsKindIsUsed) {
  const auto size = static_cast<int64_t>(backwards().size());
  TempFolder pair, whole;
  pair.put("merges.txt", kFewMerges);
  pair.put("vocab.json", backwards().dump());
  whole.put("tokenizer.json", tokenizer_json().dump());
  whole.put("tokenizer_config.json", R"({"tokenizer_class": "CLIPTokenizerFast"})");
  for (const auto* folder : {&pair, &whole}) {
    const auto texts = read_texts_of(*folder, size);
    ASSERT_NE(texts.tokenizer, nullptr) << texts.refused;
    EXPECT_EQ(texts.refused, "");
    EXPECT_THAT(texts.tokenizer->tokenize("cat", 5, false).ids,
                ::testing::ElementsAre(0, backwards().at("cat</w>").get<int>(), 1));
  }
  EXPECT_THAT(read_texts_of(pair, 100).refused, HasSubstr("it has 100 words"));
}

TEST(ClipTexts, ClipsOwnNeedsNoFiles) {
  const TempFolder folder;
  EXPECT_EQ(read_texts_of(folder, 49408).refused, "");
  EXPECT_EQ(read_texts_of(folder, 49408).tokenizer, nullptr);
  EXPECT_THAT(read_texts_of(folder, 901629).refused, HasSubstr("901629 words"));
}

TEST(ClipTexts, ATokenizerOfAnotherKindIsRefusedByName) {
  const auto refused = [](const char* name, const std::string& content) {
    const TempFolder folder;
    folder.put(name, content);
    return read_texts_of(folder, 49408).refused;
  };
  EXPECT_THAT(refused("tokenizer_config.json", R"({"tokenizer_class": "XLMRobertaTokenizerFast"})"),
              HasSubstr("read by XLMRobertaTokenizer, which graft does not have"));
  EXPECT_THAT(refused("tokenizer.json", R"({"model": {"type": "Unigram"}})"), HasSubstr("Unigram"));
  EXPECT_THAT(refused("sentencepiece.bpe.model", "x"), HasSubstr("sentencepiece.bpe.model"));
  EXPECT_THAT(refused("vocab.txt", "[PAD]"), HasSubstr("vocab.txt"));
  auto gpt2 = tokenizer_json();
  gpt2["model"]["end_of_word_suffix"] = nullptr;
  EXPECT_THAT(refused("tokenizer.json", gpt2.dump()), HasSubstr("byte pairs of another kind"));
  auto cased = tokenizer_json();
  cased["normalizer"] = {{"type", "NFC"}};
  EXPECT_THAT(refused("tokenizer.json", cased.dump()), HasSubstr("byte pairs of another kind"));
  auto added = tokenizer_json();
  added["added_tokens"].push_back({{"id", 600}, {"content", "<cat-toy>"}});
  EXPECT_THAT(refused("tokenizer.json", added.dump()), HasSubstr("'<cat-toy>'"));
}

}  // namespace
}  // namespace graft::models::clip
