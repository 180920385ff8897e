#include "graft/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "graft/core/error.h"
#include "graft/text/clip_tokenizer.h"
#include "tests/text/golden_tokenizers.h"

namespace graft::text {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A folder of the goldens with another tokenizer_config.json, gone with the test.
class TokenizerFolder {
 public:
  TokenizerFolder(const std::string& from, const json& config) : path_(fs::path(::testing::TempDir()) / unique()) {
    fs::remove_all(path_);
    fs::create_directories(path_);
    if (!from.empty()) fs::copy(golden_folder() / from, path_);
    if (!config.empty()) write("tokenizer_config.json", config.dump());
  }
  ~TokenizerFolder() { fs::remove_all(path_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  std::shared_ptr<const Tokenizer> read() const { return read_tokenizer(path_); }
  std::string refusal() const {
    try {
      read();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  static std::string unique() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    return std::string("tokenizer_") + test->name();
  }
  fs::path path_;
};

json golden_case(const std::string& name) {
  for (const auto& each : json_file(golden_folder() / "expected.json")) {
    if (each["name"] == name) return each;
  }
  throw std::runtime_error("no golden named " + name);
}

std::shared_ptr<const Tokenizer> golden_tokenizer(const std::string& name) {
  const json golden = golden_case(name);
  return TokenizerFolder(golden["folder"].get<std::string>(), golden["config"]).read();
}

TEST(Tokenizer, IdsOfTenThousandOddStringsEqualTokenizers) {
  for (const auto& golden : json_file(golden_folder() / "expected.json")) {
    const auto tokenizer = golden_tokenizer(golden["name"]);
    ListHash hash;
    for (const auto& text : odd_texts().texts) {
      hash.add(tokenizer->encode(text));
      hash.close();
    }
    EXPECT_EQ(fmt::format("{:016x}", hash.value()), golden["texts"].get<std::string>()) << golden["name"];
  }
}

TEST(Tokenizer, PairsCutToLengthEqualTokenizersInIdsTypesAndMask) {
  const auto& odd = odd_texts();
  for (const auto& golden : json_file(golden_folder() / "expected.json")) {
    const auto tokenizer = golden_tokenizer(golden["name"]);
    ListHash hash;
    for (size_t i = 0; i < kOddCount; ++i) {
      const auto row = tokenizer->encode(odd.texts[i], odd.texts[(i * 7 + 1) % kOddCount], odd.lengths[i],
                                         Truncation::kLongestFirst);
      ASSERT_LE(std::ssize(row.ids), odd.lengths[i]);
      hash.add(row.ids);
      hash.add(row.types);
      hash.add(row.special);
      hash.close();
    }
    EXPECT_EQ(fmt::format("{:016x}", hash.value()), golden["pairs"].get<std::string>()) << golden["name"];
  }
}

TEST(Tokenizer, KeptRowsHaveTheirIds) {
  std::ifstream rows(golden_folder() / "rows.jsonl");
  std::map<std::string, std::shared_ptr<const Tokenizer>> tokenizers;
  size_t count = 0;
  for (std::string line; std::getline(rows, line); ++count) {
    const auto row = json::parse(line);
    auto& tokenizer = tokenizers[row[0]];
    if (!tokenizer) tokenizer = golden_tokenizer(row[0]);
    EXPECT_EQ(tokenizer->encode(row[1].get<std::string>()), row[2].get<std::vector<int32_t>>()) << line;
  }
  EXPECT_GE(count, 200u);
}

TEST(Tokenizer, SaysHowManyTokensItCutAndFromWhere) {
  const auto bert = golden_tokenizer("bert uncased");
  const auto whole = bert->encode("the the the the", "a a", 100, Truncation::kRefuse);
  EXPECT_EQ(whole.cut, 0);
  EXPECT_EQ(whole.ids.size(), 9u);
  const auto cut = bert->encode("the the the the", "a a", 7, Truncation::kLongestFirst);
  EXPECT_EQ(cut.cut, 2);
  EXPECT_THAT(cut.types, ElementsAre(0, 0, 0, 0, 1, 1, 1));
  EXPECT_THAT(cut.special, ElementsAre(1, 0, 0, 1, 0, 0, 1));
  EXPECT_EQ(bert->encode("the the the the", "a a", 8, Truncation::kOnlySecond).types.size(), 8u);
  EXPECT_THROW(bert->encode("the the the the", "a a", 7, Truncation::kOnlySecond), DataError);
  EXPECT_THROW(bert->encode("the", "a", 2, Truncation::kLongestFirst), ConfigError);
  EXPECT_THROW(bert->encode("the the the the", std::nullopt, 5, Truncation::kRefuse), DataError);
}

TEST(Tokenizer, NamesItsSpecialTokensAndItsSize) {
  const TokenizerFolder folder("bert", {{"tokenizer_class", "BertTokenizer"},
                                        {"pad_token", "[PAD]"},
                                        {"mask_token", {{"content", "[MASK]"}, {"lstrip", false}}},
                                        {"model_max_length", 512}});
  const auto bert = folder.read();
  EXPECT_EQ(bert->special().at("pad_token"), 0);
  EXPECT_EQ(bert->special().at("mask_token"), 4);
  EXPECT_EQ(bert->pad(), 0);
  EXPECT_EQ(bert->max_length(), 512);
  EXPECT_EQ(bert->spelling(2), "[CLS]");
  EXPECT_EQ(bert->vocabulary_size(), 900);
}

TEST(Tokenizer, DecodesWordPiecesAndBytes) {
  const auto bert = golden_tokenizer("bert uncased");
  EXPECT_EQ(bert->decode(bert->encode("Unbelievableness, the KING!")), "unbelievableness, the king!");
  const auto roberta = golden_tokenizer("roberta");
  EXPECT_EQ(roberta->decode(roberta->encode("Crème 😀\n brûlée")), "Crème 😀\n brûlée");
  EXPECT_THROW(bert->decode(std::vector<int32_t>{-1}), DataError);
}

TEST(Tokenizer, IsAlsoWhatClipReadsWith) {
  const Tokenizer& clip = ClipTokenizer::shared();
  const auto row = clip.encode("dog cat dog cat dog cat", std::nullopt, 5, Truncation::kLongestFirst);
  EXPECT_THAT(row.ids, ElementsAre(49406, 1929, 2368, 1929, 49407));
  EXPECT_EQ(row.cut, 3);
  EXPECT_THROW(clip.encode("a", "b", 77, Truncation::kRefuse), DataError);
}

TEST(Tokenizer, TextThatIsNotUtf8IsRefused) {
  EXPECT_THROW(golden_tokenizer("bert cased")->encode("caf\xe9"), DataError);
}

TEST(Tokenizer, TheConfigsCaseStandsOverTheFilesOwn) {
  auto tokenizer = json_file(golden_folder() / "words/tokenizer.json");
  tokenizer["normalizer"] = {{"type", "BertNormalizer"}, {"lowercase", true}};
  const TokenizerFolder lower("", {{"tokenizer_class", "BertTokenizer"}});
  lower.write("tokenizer.json", tokenizer.dump());
  const auto small = lower.read()->encode("THE the");
  EXPECT_EQ(small[0], small[1]);
  lower.write("tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer", "do_lower_case": false})");
  const auto cased = lower.read()->encode("THE the");
  EXPECT_NE(cased[0], cased.back());
}

TEST(Tokenizer, WhatIsNotUnderstoodIsRefusedByName) {
  const auto odd = json_file(golden_folder() / "odd/tokenizer.json");
  const auto refusal = [&](const char* pointer, const json& value) {
    auto changed = odd;
    changed[json::json_pointer(pointer)] = value;
    const TokenizerFolder folder("", json());
    folder.write("tokenizer.json", changed.dump());
    return folder.refusal();
  };
  EXPECT_THAT(refusal("/model", {{"type", "WordLevel"}, {"vocab", json::array()}}), HasSubstr("the model 'WordLevel'"));
  EXPECT_THAT(refusal("/model/dropout", 0.1), HasSubstr("dropout"));
  EXPECT_THAT(refusal("/model/vocab", 3), HasSubstr("model.vocab"));
  EXPECT_THAT(refusal("/model/merges/0", "a b c"), HasSubstr("model.merges[0]"));
  EXPECT_THAT(refusal("/model/vocab/x", -3), HasSubstr("the id of 'x' is -3"));
  EXPECT_THAT(refusal("/normalizer/normalizers/0/type", "Nmt"), HasSubstr("the normalizer 'Nmt'"));
  EXPECT_THAT(refusal("/pre_tokenizer/pretokenizers/0/type", "Sideways"), HasSubstr("the pre-tokenizer 'Sideways'"));
  EXPECT_THAT(refusal("/pre_tokenizer", {{"type", "Split"}, {"pattern", {{"Regex", "x+"}}}}),
              HasSubstr("the expression 'x+'"));
  EXPECT_THAT(refusal("/pre_tokenizer/pretokenizers/2/behavior", "Sideways"), HasSubstr("Sideways"));
  EXPECT_THAT(refusal("/post_processor/type", "Other"), HasSubstr("the post-processor 'Other'"));
  EXPECT_THAT(refusal("/post_processor/special_tokens/<s>/ids/0", 99999), HasSubstr("id 99999"));
  EXPECT_THAT(refusal("/added_tokens/0/id", 77), HasSubstr("the added token '<unk>' has the id 77"));
  EXPECT_THAT(refusal("/added_tokens/0/colour", "red"), HasSubstr("colour"));
  EXPECT_THAT(refusal("/model/byte_forward", true), HasSubstr("model.byte_forward"));
  EXPECT_THAT(refusal("/extra", true), HasSubstr("extra"));
}

TEST(Tokenizer, AFolderWithoutAKnownTokeniserIsRefusedByWhatItHas) {
  const TokenizerFolder folder("", {{"tokenizer_class", "XLMRobertaTokenizer"}});
  folder.write("sentencepiece.bpe.model", "");
  EXPECT_THAT(folder.refusal(), HasSubstr("XLMRobertaTokenizer"));
  EXPECT_THAT(folder.refusal(), HasSubstr("sentencepiece.bpe.model"));
}

TEST(Tokenizer, ATokenThatTheConfigNamesAndTheVocabularyLacksIsRefused) {
  const TokenizerFolder folder("bert", {{"tokenizer_class", "BertTokenizer"}, {"bos_token", "<begin>"}});
  EXPECT_THAT(folder.refusal(), HasSubstr("bos_token is '<begin>'"));
}

TEST(Tokenizer, RunsOfOneLetterStayFast) {
  const auto roberta = golden_tokenizer("roberta");
  const std::string run(200'000, 'a');
  EXPECT_EQ(roberta->decode(roberta->encode(run)), run);
}

}  // namespace
}  // namespace graft::text
