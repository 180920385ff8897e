// Tokenisers of language models against `tokenizers` and sentencepiece, on the strings of tests/golden/tokenizers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "graft/core/error.h"
#include "graft/text/sentence_pieces.h"
#include "graft/text/stream_decoder.h"
#include "graft/text/tokenizer.h"
#include "tests/text/golden_tokenizers.h"

namespace graft::text {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::shared_ptr<const Tokenizer> language_tokenizer(const std::string& folder) {
  return read_tokenizer(golden_folder() / folder);
}

template <class Numbers>  // of each odd text
std::string hash_of_all(const Numbers& numbers) {
  ListHash hash;
  for (const auto& text : odd_texts().texts) {
    hash.add(numbers(text));
    hash.close();
  }
  return fmt::format("{:016x}", hash.value());
}

TEST(LanguageTokenizer, IdsAndTextsOfTenThousandOddStringsAreThoseOfTheirLibraries) {
  for (const auto& golden : json_file(golden_folder() / "language.json")) {
    const auto tokenizer = language_tokenizer(golden["folder"]);
    const auto expect = [&](const char* key, const std::string& hash) {
      EXPECT_EQ(hash, golden[key].get<std::string>()) << golden["name"] << ", " << key;
    };
    if (golden.contains("ids")) expect("ids", hash_of_all([&](const auto& text) { return tokenizer->encode(text); }));
    if (golden.contains("as_text")) {
      expect("as_text", hash_of_all([&](const auto& text) { return tokenizer->encode(text, Specials::kAsText); }));
    }
    if (golden.contains("decoded")) {
      expect("decoded", hash_of_all([&](const auto& text) {
               const std::string decoded = tokenizer->decode(tokenizer->encode(text));
               return std::vector<uint8_t>(decoded.begin(), decoded.end());
             }));
    }
  }
}

TEST(LanguageTokenizer, KeptRowsHaveTheirIds) {
  std::ifstream rows(golden_folder() / "language_rows.jsonl");
  std::map<std::string, std::shared_ptr<const Tokenizer>> tokenizers;
  size_t count = 0;
  for (std::string line; std::getline(rows, line); ++count) {
    const auto row = json::parse(line);
    const std::string folder = row[0];
    auto& tokenizer = tokenizers[folder];
    if (!tokenizer) tokenizer = language_tokenizer(folder);
    const auto specials = folder.starts_with("pieces_") ? Specials::kAsText : Specials::kParsed;
    EXPECT_EQ(tokenizer->encode(row[1].get<std::string>(), specials), row[2].get<std::vector<int32_t>>()) << line;
  }
  EXPECT_GE(count, 400u);
}

TEST(LanguageTokenizer, WhatAStrangerWroteIsNeverASpecialToken) {
  size_t seen = 0;
  for (const auto& golden : json_file(golden_folder() / "language.json")) {
    const auto tokenizer = language_tokenizer(golden["folder"]);
    for (const char* special : {"<s>", "</s>", "<|endoftext|>", "<|eot_id|>"}) {
      const auto id = tokenizer->id_of(special);
      const std::string text = fmt::format("a{}b {}", special, special);
      const auto parsed = tokenizer->encode(text, Specials::kParsed);
      if (!id || std::find(parsed.begin(), parsed.end(), *id) == parsed.end()) continue;  // no special one there
      ++seen;
      const auto as_text = tokenizer->encode(text, Specials::kAsText);
      EXPECT_THAT(as_text, ::testing::Not(::testing::Contains(*id))) << golden["name"];
      EXPECT_GT(as_text.size(), parsed.size() + 2) << golden["name"];
    }
  }
  EXPECT_GE(seen, 20u);
}

TEST(LanguageTokenizer, AStreamOfTokensGivesTheirTextAndNeverHalfACharacter) {
  for (const char* folder : {"llama2", "gemma", "llama3", "pieces_llama"}) {
    const auto tokenizer = language_tokenizer(folder);
    for (size_t i = 0; i < 600; ++i) {
      const auto ids = tokenizer->encode(odd_texts().texts[i], Specials::kAsText);
      StreamDecoder stream(*tokenizer);
      std::string text;
      for (const int32_t id : ids) {
        const std::string more = stream.add(id);
        EXPECT_EQ(valid_utf8_prefix(more), more.size());
        text += more;
      }
      text += stream.finish();
      EXPECT_EQ(text, tokenizer->decode(ids)) << folder << ", text " << i;
    }
  }
}

TEST(LanguageTokenizer, AStreamGoesOnFromThePromptWithTheBlankBetween) {
  const auto tokenizer = language_tokenizer("llama2");
  const auto prompt = tokenizer->encode("the king");
  auto both = tokenizer->encode("the king doth");
  StreamDecoder stream(*tokenizer, prompt);
  std::string text;
  for (size_t i = prompt.size(); i < both.size(); ++i)
    text += stream.add(both[i]);
  EXPECT_EQ(text + stream.finish(), " doth");
}

TEST(LanguageTokenizer, BytesThatAreNoTextAreNotHeldForever) {
  const auto tokenizer = language_tokenizer("llama2");
  StreamDecoder stream(*tokenizer);
  const int32_t byte = *tokenizer->id_of("<0x9F>");
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += stream.add(byte);
  EXPECT_GE(text.size(), 3u * (40 - 16));  // of U+FFFD
  text = stream.add(*tokenizer->id_of("a"));
  EXPECT_THAT(text, ::testing::EndsWith("\uFFFDa"));
  EXPECT_EQ(stream.finish(), "");
}

TEST(LanguageTokenizer, FramesWhatItsFileSays) {
  const auto llama = language_tokenizer("pieces_llama");
  const auto row = llama->encode("the", std::nullopt, 10, Truncation::kRefuse);
  EXPECT_EQ(row.ids[0], llama->special().at("bos_token"));
  EXPECT_EQ(llama->spelling(row.ids[0]), "<s>");
  EXPECT_EQ(llama->pad(), *llama->id_of("<pad>"));
}

SentencePieces small_model() {
  SentencePieces model;
  model.pieces = {"<unk>", "<s>", "a", "b", "ab"};
  model.scores = {0, 0, -1, -2, -3};
  model.kinds = {PieceKind::kUnknown, PieceKind::kControl, PieceKind::kNormal, PieceKind::kNormal, PieceKind::kNormal};
  return model;
}

std::string refusal_of(SentencePieces model) {
  try {
    pipeline_of(std::move(model), "x.model");
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

TEST(LanguageTokenizer, PiecesThatDoNotFitAreRefused) {
  EXPECT_EQ(refusal_of(small_model()), "no error");
  auto model = small_model();
  model.scores.pop_back();
  EXPECT_THAT(refusal_of(model), HasSubstr("5 pieces with 4 scores"));
  model = small_model();
  model.pieces[3] = "a";
  EXPECT_THAT(refusal_of(model), HasSubstr("the pieces 2 and 3 are both 'a'"));
  model = small_model();
  model.pieces[3] = "\xff";
  EXPECT_THAT(refusal_of(model), HasSubstr("the piece 3 is no UTF-8"));
  model = small_model();
  model.bos = 5;
  EXPECT_THAT(refusal_of(model), HasSubstr("'begins a text' has the id 5"));
  model = small_model();
  model.character_map = std::string("\x08\0\0\0abcd", 8);
  EXPECT_THAT(refusal_of(model), HasSubstr("character map"));
}

TEST(LanguageTokenizer, BytesThatAreNoSentencePieceModelAreRefused) {
  EXPECT_THROW(read_sentence_pieces("no such thing", "x.model"), FileError);
  const std::string characters = "\x12\x02\x18\x04";  // trainer_spec {model_type: CHAR}
  EXPECT_THROW(read_sentence_pieces(characters, "x.model"), ModelError);
}

TEST(LanguageTokenizer, UnusedPiecesFallIntoTheirHalves) {
  auto model = small_model();
  model.model = SentencePieces::Model::kBytePairs;
  model.prefix_blank = false;
  EXPECT_EQ(PipelineTokenizer(pipeline_of(model, "x")).encode("abxxa"), (std::vector<int32_t>{4, 0, 2}));
  model.kinds[4] = PieceKind::kUnused;
  EXPECT_EQ(PipelineTokenizer(pipeline_of(model, "x")).encode("abxxa"), (std::vector<int32_t>{2, 3, 0, 2}));
}

}  // namespace
}  // namespace graft::text
