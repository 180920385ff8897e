#include "graft/data/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "graft/core/error.h"
#include "graft/data/packing.h"
#include "tests/text/byte_tokenizer.h"

namespace graft::data {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using text::byte_tokenizer;

class DocumentsTest : public ::testing::Test {
 protected:
  DocumentsTest()
      : folder_(fs::path(::testing::TempDir()) /
                (std::string("documents_") + ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~DocumentsTest() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& content) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << content;
    return folder_ / name;
  }
  static Documents read(const fs::path& path, DocumentOptions options = {.max_length = 100}) {
    return read_documents(path, byte_tokenizer(), options);
  }
  static std::string refusal(const fs::path& path, const DocumentOptions& options = {.max_length = 100}) {
    try {
      read(path, options);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  fs::path folder_;
};

// The document with its targets in brackets.
std::string shown(const Document& document) {
  std::string all;
  bool inside = false;
  for (std::size_t i = 0; i <= document.ids.size(); ++i) {
    const bool target = i < document.ids.size() && document.targets[i] != 0;
    if (target != inside) all += target ? '[' : ']';
    inside = target;
    if (i < document.ids.size()) all += byte_tokenizer().decode({&document.ids[i], 1});
  }
  return all;
}

TEST_F(DocumentsTest, OfAPromptsRowTheCompletionAndTheEndAreLearned) {
  const auto path = write("a.jsonl", R"({"prompt": "2+2=", "completion": "4", "id": 7})"
                                     "\n\n");
  const auto documents = read(path);
  ASSERT_EQ(documents.documents.size(), 1u);
  EXPECT_EQ(shown(documents.documents[0]), "<s>2+2=[4</s>]");
  EXPECT_EQ(documents.documents[0].name, path.string() + ":1");
  EXPECT_EQ(documents.tokens(), 7);
  EXPECT_EQ(documents.targets(), 2);
  EXPECT_EQ(shown(read(path, {.max_length = 100, .completions_alone = false}).documents[0]), "<s>[2+2=4</s>]");
}

TEST_F(DocumentsTest, OfATextEverythingButTheFirstTokenIsLearned) {
  EXPECT_EQ(shown(read(write("a.jsonl", R"({"text": "ab"})")).documents[0]), "<s>[ab</s>]");
  EXPECT_EQ(shown(read(write("a.txt", "ab\n")).documents[0]), "<s>[ab\n</s>]");
}

TEST_F(DocumentsTest, AFolderIsADocumentAFile) {
  write("texts/a.txt", "ab");
  write("texts/more/b.txt", "</s>");
  const auto documents = read(folder_ / "texts");
  ASSERT_EQ(documents.documents.size(), 2u);
  EXPECT_EQ(shown(documents.documents[1]), "<s>[</s></s>]");
  EXPECT_EQ(documents.documents[1].ids.size(), 6u);  // what the file says is text, not the token
}

TEST_F(DocumentsTest, OfAConversationTheAnswersAreLearned) {
  const auto path = write("a.jsonl", R"({"messages": [{"role": "user", "content": "Hi"},)"
                                     R"( {"role": "assistant", "content": "Ho"}]})");
  DocumentOptions options{.max_length = 200};
  EXPECT_THAT(refusal(path, options), HasSubstr("--chat-template chatml"));
  int asked = 0;
  options.chat = [&] {
    ++asked;
    return text::ChatTemplate::named("chatml");
  };
  EXPECT_EQ(shown(read(path, options).documents[0]),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n[Ho<|im_end|>]\n");
  EXPECT_EQ(asked, 1);
  read(write("b.jsonl", R"({"text": "ab"})"), options);
  EXPECT_EQ(asked, 1);  // no conversation, no question
}

TEST_F(DocumentsTest, LinesThatCannotBeReadAreNamedAndTheRestIsTaken) {
  const auto documents = read(write("a.jsonl",
                                    "{\"text\": \"a\"}\n{\"text\": \n{\"words\": 1}\n{\"text\": 5}\n[]\n"
                                    "{\"text\": \"b\"}\n"));
  EXPECT_EQ(documents.documents.size(), 2u);
  EXPECT_EQ(documents.left_out_count, 4u);
  EXPECT_THAT(documents.left_out, ElementsAre(HasSubstr("a.jsonl:2"), HasSubstr("a.jsonl:3: it has the keys words"),
                                              HasSubstr("a.jsonl:4"), HasSubstr("a.jsonl:5")));
}

TEST_F(DocumentsTest, EmptyCompletionsAndAnswersAreAnErrorWithTheirLines) {
  const auto said =
      refusal(write("a.jsonl",
                    "{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"prompt\": \"a\", \"completion\": \" \"}\n"
                    "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n"
                    "{\"messages\": [{\"role\": \"assistant\", \"content\": \"\"}]}\n"));
  EXPECT_THAT(said, HasSubstr("a.jsonl:2: the completion is empty"));
  EXPECT_THAT(said, HasSubstr("a.jsonl:3: a conversation without an answer"));
  EXPECT_THAT(said, HasSubstr("a.jsonl:4: message 1 is an answer that is empty"));
}

TEST_F(DocumentsTest, WhatIsTooLongIsCutOrSplitOrRefusedAndSaid) {
  const auto pairs = write("a.jsonl",
                           "{\"prompt\": \"abc\", \"completion\": \"defg\"}\n"
                           "{\"prompt\": \"abcdefghi\", \"completion\": \"j\"}\n");
  const auto cut = read(pairs, {.max_length = 6});
  ASSERT_EQ(cut.documents.size(), 1u);
  EXPECT_EQ(shown(cut.documents[0]), "<s>abc[de]");
  EXPECT_EQ(cut.cut, 2);
  EXPECT_EQ(cut.lost_tokens, 3 + 6);
  EXPECT_THAT(cut.left_out, ElementsAre(HasSubstr("a.jsonl:2: within 6 tokens there is none to learn")));
  EXPECT_THAT(refusal(pairs, {.max_length = 6, .too_long = TooLong::refuse}),
              HasSubstr("a.jsonl:1: it has 9 tokens, the longest may have 6"));
  const auto split = read(write("a.txt", "abcdefg"), {.max_length = 4});
  ASSERT_EQ(split.documents.size(), 4u);
  EXPECT_EQ(split.split, 1);
  EXPECT_EQ(shown(split.documents[0]), "<s>[abc]");
  EXPECT_EQ(shown(split.documents[1]), "<s>c[de]");  // a model that was taught with <s> expects it
  EXPECT_EQ(shown(split.documents[2]), "<s>e[fg]");
  EXPECT_EQ(shown(split.documents[3]), "<s>g[</s>]");
  EXPECT_EQ(split.targets(), 8);
  EXPECT_EQ(split.left_out_count, 0u);
}

TEST_F(DocumentsTest, NothingToReadIsAnError) {
  EXPECT_THAT(refusal(write("a.jsonl", "\n")), HasSubstr("no document"));
  EXPECT_THAT(refusal(write("b.jsonl", "{\n")), HasSubstr("b.jsonl:1"));
  EXPECT_THAT(refusal(write("a.pdf", "x")), HasSubstr("Expected a .jsonl"));
  EXPECT_THROW(read(folder_ / "none.jsonl"), FileError);
  EXPECT_THROW(read(write("a.txt", "x"), {.max_length = 1}), ConfigError);
}

TEST(Packing, EachDocumentGoesIntoTheFullestRowThatHasRoom) {
  const std::vector<std::int64_t> lengths = {6, 5, 4, 3, 2, 10};
  EXPECT_THAT(pack(lengths, 10), ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3, 4), ElementsAre(5)));
  EXPECT_THROW(pack(lengths, 9), DataError);
  EXPECT_TRUE(pack({}, 4).empty());
}

TEST(Packing, PositionsBeginAnewAndDocumentsAreTold) {
  Documents documents;
  documents.documents = {{{11, 12, 13}, {1, 1, 1}, "a"}, {{21, 22}, {0, 1}, "b"}};
  const std::vector<std::size_t> both = {0, 1};
  const auto row = packed_row(documents, both, 8, 9);
  EXPECT_THAT(row.ids, ElementsAre(11, 12, 13, 21, 22, 9, 9, 9));
  EXPECT_THAT(row.positions, ElementsAre(0, 1, 2, 0, 1, 0, 1, 2));
  EXPECT_THAT(row.documents, ElementsAre(0, 0, 0, 1, 1, 2, 2, 2));
  EXPECT_THAT(row.targets, ElementsAre(0, 1, 1, 0, 1, 0, 0, 0));
}

}  // namespace
}  // namespace graft::data
