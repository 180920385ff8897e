#include "graft/text/clip_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "graft/core/error.h"
#include "graft/text/byte_pairs.h"
#include "tests/support/source_dir.h"

namespace graft::text {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const ClipTokenizer& clip() {
  return ClipTokenizer::shared();
}

std::string error_of(std::string_view text, int context_length) {
  try {
    clip().tokenize(text, context_length, false);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no DataError";
}

TEST(ClipTokenizer, HasOpenAisVocabulary) {
  EXPECT_EQ(clip().vocabulary_size(), 49408);
  EXPECT_EQ(clip().start(), 49406);
  EXPECT_EQ(clip().end(), 49407);
}

TEST(ClipTokenizer, IdsOfOddStringsEqualOpenClips) {
  std::ifstream golden(source_dir() / "tests/golden/tokens.jsonl");
  size_t count = 0;
  for (std::string line; std::getline(golden, line); ++count) {
    const auto pair = nlohmann::json::parse(line);
    const auto text = pair[0].get<std::string>();
    EXPECT_EQ(clip().encode(text), pair[1].get<std::vector<int32_t>>()) << line;
  }
  EXPECT_GE(count, 2000u);
}

TEST(ClipTokenizer, TokenizesAPromptBetweenStartAndEnd) {
  const Tokens tokens = clip().tokenize("a photo of car with wet look", 77, false);
  EXPECT_THAT(tokens.ids, ElementsAre(49406, 320, 1125, 539, 1615, 593, 6682, 1012, 49407));
  EXPECT_EQ(tokens.end, 8);
}

TEST(ClipTokenizer, AnEmptyTextIsStartAndEnd) {
  EXPECT_THAT(clip().tokenize(" \t\n", 77, false).ids, ElementsAre(49406, 49407));
}

TEST(ClipTokenizer, AMarkerWrittenOutIsItsToken) {
  const Tokens tokens = clip().tokenize("dog <End_of_Text> cat", 77, false);
  EXPECT_THAT(tokens.ids, ElementsAre(49406, 1929, 49407, 2368, 49407));
  EXPECT_EQ(tokens.end, 2);  // features are read at the first
}

TEST(ClipTokenizer, OverlongTextIsRefusedWithItsLengthAndTheRemedy) {
  const std::string error = error_of(std::string("dog dog dog dog dog dog dog"), 8);
  EXPECT_THAT(error, HasSubstr("'dog dog dog dog dog dog dog' has 9 tokens"));
  EXPECT_THAT(error, HasSubstr("the model reads 8"));
  EXPECT_THAT(error, HasSubstr("--truncate"));
  EXPECT_EQ(clip().tokenize("dog dog dog dog dog dog", 8, false).ids.size(), 8u);
}

TEST(ClipTokenizer, TruncatedTextEndsWithTheEndToken) {
  const Tokens tokens = clip().tokenize("dog cat dog cat dog cat", 5, true);
  EXPECT_THAT(tokens.ids, ElementsAre(49406, 1929, 2368, 1929, 49407));
  EXPECT_EQ(tokens.end, 4);
}

TEST(ClipTokenizer, TextThatIsNotUtf8IsRefusedWithThePlace) {
  const std::string error = error_of("caf\xe9 au lait", 77);
  EXPECT_THAT(error, HasSubstr("byte 0xe9 at position 3 of the text that begins 'caf' is not UTF-8"));
}

TEST(ClipTokenizer, DecodesWhatItEncoded) {
  EXPECT_EQ(clip().decode(clip().encode("Crème brûlée, 中文 😀 & co's!")), "crème brûlée , 中文 😀 & co 's ! ");
  EXPECT_EQ(clip().decode(std::vector<int32_t>{49406, 320, 49407}), "<start_of_text>a <end_of_text>");
  EXPECT_THROW(clip().decode(std::vector<int32_t>{49408}), DataError);
  EXPECT_THROW(clip().decode(std::vector<int32_t>{-1}), DataError);
}

TEST(ClipTokenizer, ReadsAnotherVocabularysMerges) {
  const ClipTokenizer small("#version: 0.2\na b\nab c</w>\r\nc a\n");
  EXPECT_EQ(small.vocabulary_size(), 512 + 3 + 2);
  EXPECT_THAT(small.encode("abc cab"), ElementsAre(513, 514, 256 + ('b' - '!')));
  EXPECT_EQ(small.end(), 516);
}

// Bytes, bytes at a word's end and one merge, counted down from the end marker's 1.
std::string backward_vocabulary() {
  const BytePairs pairs("#version: 0.2\na b\n", 1);
  nlohmann::json ids = {{"<|startoftext|>", 0}, {"<|endoftext|>", 1}};
  for (int32_t token = 0; token < pairs.size(); ++token)
    ids[pairs.spelling(token)] = pairs.size() + 1 - token;
  return ids.dump();
}

TEST(ClipTokenizer, TakesIdsFromAHuggingFaceVocabulary) {
  const ClipTokenizer backward("#version: 0.2\na b\n", backward_vocabulary());
  EXPECT_EQ(backward.vocabulary_size(), 515);
  EXPECT_THAT(backward.tokenize("abc", 77, false).ids, ElementsAre(0, 2, 513 - 256 + 1 - ('c' - '!'), 1));
  EXPECT_EQ(backward.decode(backward.encode("abc é")), "abc é ");
}

TEST(ClipTokenizer, AVocabularyThatDoesNotFitTheMergesIsRefused) {
  const std::string merges = "#version: 0.2\na b\nb a\n";
  EXPECT_THROW(ClipTokenizer(merges, backward_vocabulary()), ModelError);  // has no 'ba'
  EXPECT_THROW(ClipTokenizer(merges, R"({"a": )"), ModelError);
  EXPECT_THROW(ClipTokenizer(merges, R"({"!": 7})"), ModelError);
  EXPECT_THROW(ClipTokenizer(merges, R"({"!": "a"})"), ModelError);
}

TEST(ClipTokenizer, MergesThatBuildOnNothingAreRefusedByLine) {
  try {
    ClipTokenizer broken("#version: 0.2\na b\nabc d\n");
    FAIL() << "no error";
  } catch (const ModelError& error) {
    EXPECT_THAT(error.what(), HasSubstr("line 3 of the merges is 'abc d'"));
  }
}

TEST(ClipTokenizer, LongRunsOfOneLetterStayFast) {
  const std::string run(200'000, 'a');
  EXPECT_EQ(clip().decode(clip().encode(run)), run + " ");
}

TEST(ClipTokenizer, ServesSeveralThreadsAtOnce) {
  const auto expected = clip().encode("a photo of a tabby cat, a type of pet");
  std::vector<std::vector<int32_t>> found(8);
  {
    std::vector<std::jthread> threads;
    for (auto& ids : found) {
      threads.emplace_back([&ids] { ids = clip().encode("a photo of a tabby cat, a type of pet"); });
    }
  }
  EXPECT_THAT(found, ::testing::Each(expected));
}

}  // namespace
}  // namespace graft::text
