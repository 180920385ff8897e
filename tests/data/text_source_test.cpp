#include "graft/data/text_source.h"

#include <gmock/gmock.h>

#include <memory>

#include "tests/data/letter_tokenizer.h"
#include "tests/io/expect_error.h"

namespace graft::data {
namespace {

using testing::ElementsAre;
using text::Truncation;

TextSource source_of(std::vector<Sample> samples, std::int64_t max_length = 16,
                     Truncation truncation = Truncation::kLongestFirst, std::int64_t threads = 1) {
  return {std::move(samples), std::make_shared<LetterTokenizer>(), max_length, truncation, threads};
}

Row row_of(const Source& source, std::int64_t i) {
  Row row;
  source.read(i, Random(0), row);
  return row;
}

TEST(TextSource, TextsAndPairsBecomeIdsAndTypes) {
  const TextSource source = source_of({{.input = "abc", .label = 1}, {.input = "a", .pair = "bc", .values = {0.5f}}});
  EXPECT_EQ(source.reads(), Reads::text);
  EXPECT_EQ(source.floats(), 0u);
  EXPECT_EQ(source.pad(), 9);
  EXPECT_THAT(row_of(source, 0).ids, ElementsAre(1, 100, 101, 102, 2));
  EXPECT_THAT(row_of(source, 0).types, ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(row_of(source, 1).ids, ElementsAre(1, 100, 2, 101, 102, 2));
  EXPECT_THAT(row_of(source, 1).types, ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_EQ(source.length(1), 6);
  EXPECT_EQ(source.label(0), 1);
  EXPECT_THAT(source.values(1), ElementsAre(0.5f));
}

TEST(TextSource, CountsTheTextsAndTokensThatAreCut) {
  const TextSource source = source_of({{.input = "abcdefgh"}, {.input = "ab"}, {.input = "abcd", .pair = "efgh"}}, 6);
  EXPECT_EQ(source.cut().texts, 2);
  EXPECT_EQ(source.cut().tokens, 4 + 5);
  EXPECT_EQ(source.length(0), 6);
  EXPECT_EQ(source_of({{.input = "abcd"}}, 6).cut().texts, 0);
}

TEST(TextSource, ListsAllTextsThatAreTooLongWhereNoneMayBeCut) {
  const std::vector<Sample> samples = {
      {.input = "abcdefgh", .name = "t.csv:2"}, {.input = "a"}, {.input = "abcdefghi", .name = "t.csv:4"}};
  EXPECT_ERROR(source_of(samples, 6, Truncation::kRefuse), DataError, "2 problems");
  EXPECT_ERROR(source_of(samples, 6, Truncation::kRefuse), DataError, "\n  t.csv:2: ");
  EXPECT_ERROR(source_of(samples, 6, Truncation::kRefuse, 3), DataError, "\n  t.csv:4: ");
}

TEST(TextSource, IsNamedByTheDataOrElseByItsText) {
  const TextSource source = source_of({{.input = "a", .name = "t.csv:2"}, {.input = "b"}});
  EXPECT_EQ(source.name(0), "t.csv:2");
  EXPECT_EQ(source.name(1), "b");
}

TEST(TextSource, ContentIsTheTextWithItsPair) {
  const TextSource source = source_of({{.input = "ab"},
                                       {.input = "ab", .label = 1, .name = "t.csv:3"},
                                       {.input = "a", .pair = "b"},
                                       {.input = "b", .pair = "a"}});
  EXPECT_EQ(source.content(0), source.content(1));
  EXPECT_NE(source.content(0), source.content(2));
  EXPECT_NE(source.content(2), source.content(3));
}

TEST(TextSource, IsTheSameAtAnyNumberOfThreads) {
  std::vector<Sample> samples;
  for (int i = 0; i < 200; ++i)
    samples.push_back({.input = std::string(static_cast<std::size_t>(i % 23 + 1), static_cast<char>('a' + i % 26))});
  const TextSource one = source_of(samples), four = source_of(samples, 16, Truncation::kLongestFirst, 4);
  for (std::int64_t i = 0; i < one.size(); ++i)
    EXPECT_EQ(row_of(one, i).ids, row_of(four, i).ids);
  EXPECT_EQ(one.cut().tokens, four.cut().tokens);
}

TEST(Selection, GivesTheChosenExamplesInTheirOrder) {
  const TextSource source = source_of({{.input = "a"}, {.input = "bb", .label = 2}, {.input = "ccc", .values = {1}}});
  const Selection chosen(source, {2, 1});
  EXPECT_EQ(chosen.size(), 2);
  EXPECT_EQ(chosen.name(0), "ccc");
  EXPECT_EQ(chosen.label(1), 2);
  EXPECT_EQ(chosen.length(0), 5);
  EXPECT_EQ(chosen.content(1), source.content(1));
  EXPECT_EQ(row_of(chosen, 1).ids, row_of(source, 1).ids);
}

}  // namespace
}  // namespace graft::data
