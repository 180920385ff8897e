#include "graft/text/gguf_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "graft/core/error.h"
#include "graft/text/sentence_pieces.h"
#include "tests/text/golden_tokenizers.h"

namespace graft::text {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// The lists that llama.cpp's converter makes of a tokenizer.json with byte pairs.
GgufVocabulary converted(const std::string& folder, const std::string& pre) {
  const auto file = json_file(golden_folder() / folder / "tokenizer.json");
  std::map<int32_t, std::string> tokens;
  for (const auto& [token, id] : file["model"]["vocab"].items())
    tokens[id] = token;
  GgufVocabulary v;
  v.model = "gpt2";
  v.pre = pre;
  std::map<int32_t, int32_t> types;
  for (const auto& added : file["added_tokens"]) {
    tokens[added["id"]] = added["content"];
    types[added["id"]] = added["special"].get<bool>() ? 3 : 4;
  }
  for (const auto& [id, token] : tokens) {
    v.tokens.push_back(token);
    v.types.push_back(types.contains(id) ? types[id] : 1);
  }
  for (const auto& merge : file["model"]["merges"])
    v.merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  return v;
}

TEST(GgufVocabulary, BytePairsGiveTheIdsOfTheTokenizerJsonTheyCameFrom) {
  for (const auto& [folder, pre] :
       {std::pair("llama3", "llama-bpe"), std::pair("qwen", "qwen2"), std::pair("smollm", "smollm")}) {
    const auto original = read_tokenizer(golden_folder() / folder);
    const PipelineTokenizer ours(pipeline_of(converted(folder, pre), "x.gguf"));
    for (size_t i = 0; i < 3000; ++i) {
      const auto& text = odd_texts().texts[i];
      ASSERT_EQ(ours.encode(text), original->encode(text)) << folder << ": " << text;
      ASSERT_EQ(ours.decode(ours.encode(text)), original->decode(original->encode(text))) << folder << ": " << text;
    }
  }
}

TEST(GgufVocabulary, PiecesGiveTheIdsOfTheSentencePieceModelTheyCameFrom) {
  std::ifstream in(golden_folder() / "pieces_llama/tokenizer.model", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const auto model = read_sentence_pieces(bytes, "x.model");
  GgufVocabulary v;
  v.model = "llama";
  v.scores = model.scores;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    std::string token = model.pieces[id];
    if (model.kinds[id] == PieceKind::kUserDefined) {  // as the converter has them
      for (size_t at = token.find("\u2581"); at != std::string::npos; at = token.find("\u2581"))
        token.replace(at, 3, " ");
    }
    v.tokens.push_back(token);
    v.types.push_back(static_cast<int32_t>(model.kinds[id]));
  }
  const auto original = read_tokenizer(golden_folder() / "pieces_llama");
  const PipelineTokenizer ours(pipeline_of(v, "x.gguf"));
  EXPECT_EQ(ours.special().at("bos_token"), 1);
  EXPECT_EQ(ours.encode("the", std::nullopt, 9, Truncation::kRefuse).ids[0], 1);
  for (size_t i = 0; i < 3000; ++i) {
    const auto& text = odd_texts().texts[i];
    ASSERT_EQ(ours.encode(text), original->encode(text)) << text;
  }
}

TEST(GgufVocabulary, WhatDoesNotFitIsRefused) {
  const auto refusal = [](auto change) {
    auto v = converted("qwen", "qwen2");
    change(v);
    try {
      pipeline_of(std::move(v), "x.gguf");
    } catch (const ModelError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(refusal([](auto&) {}), "no error");
  EXPECT_THAT(refusal([](auto& v) { v.model = "rwkv"; }), HasSubstr("tokenizer.ggml.model is 'rwkv'"));
  EXPECT_THAT(refusal([](auto& v) { v.pre = "tekken"; }), HasSubstr("tokenizer.ggml.pre is 'tekken'"));
  EXPECT_THAT(refusal([](auto& v) { v.pre = ""; }), HasSubstr("tokenizer.ggml.pre is absent"));
  EXPECT_THAT(refusal([](auto& v) { v.types.pop_back(); }), HasSubstr("token_type"));
  EXPECT_THAT(refusal([](auto& v) { v.types[0] = 9; }), HasSubstr("of the type 9"));
  EXPECT_THAT(refusal([](auto& v) { v.tokens[7] = v.tokens[8]; }), HasSubstr("the tokens 7 and 8 are both"));
  EXPECT_THAT(refusal([](auto& v) { v.merges.push_back("zz qq"); }), HasSubstr("which the vocabulary lacks"));
  EXPECT_THAT(refusal([](auto& v) { v.merges[3] = "joined"; }), HasSubstr("merges[3]"));
  EXPECT_THAT(refusal([](auto& v) { v.eos = 100000; }), HasSubstr("eos_token_id is 100000"));
  EXPECT_THAT(refusal([](auto& v) { v.tokens.clear(); }), HasSubstr("tokens is empty"));
}

}  // namespace
}  // namespace graft::text
