// Tables that are a split each, as people have them: GLUE's files (Wang et al. 2019, arXiv:1804.07461) in their
// published layout, and what Hugging Face's `datasets` writes.
#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(TableSplits, OfSst2AreReadWithDevToTestOn) {
  const TempFolder folder;
  folder.put("train.tsv",
             "sentence\tlabel\nhide new secretions from the parental units \t0\n`` gorgeous '' and `` fun '' \t1\n");
  folder.put("dev.tsv", "sentence\tlabel\nit 's a charming journey . \t1\n");
  folder.put("test.tsv", "index\tsentence\n0\tuneasy mishmash of styles and genres .\n");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "test.tsv has no classes");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "--test-split dev");
  const Dataset dataset = open_dataset(folder.path(), {.test_split = "dev"});
  EXPECT_EQ(dataset.format, "table");
  EXPECT_EQ(dataset.train[0].input, "hide new secretions from the parental units ");
  EXPECT_EQ(dataset.train[1].name, "train.tsv:3");
  EXPECT_EQ(dataset.test, dataset.val);
  EXPECT_EQ(dataset.test.size(), 1u);
  EXPECT_THAT(dataset.remarks, ElementsAre("left: test.tsv"));
}

TEST(TableSplits, OfMrpcHaveTheirQuotesAsText) {
  const TempFolder folder;
  const std::string head = "\xef\xbb\xbfQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n";
  folder.put("train.tsv", head +
                              "1\t702876\t702977\tAmrozi accused his brother , whom he called \" the witness \" .\t"
                              "\" The witness , \" Amrozi said .\r\n"
                              "0\t2108705\t2108831\t\" It opens\tYucaipa owned Dominick 's .\r\n"
                              "1\t1\t2\tThe end \"\tis \" near\r\n");
  folder.put("test.tsv", head + "0\t1\t2\ta\tb\r\n");
  folder.put("dev_ids.tsv", "1\t2\n3\t4\n");
  const Dataset dataset = open_dataset(folder.path());
  ASSERT_EQ(dataset.train.size(), 3u);
  EXPECT_EQ(dataset.train[0].input, "Amrozi accused his brother , whom he called \" the witness \" .");
  EXPECT_EQ(dataset.train[0].pair, "\" The witness , \" Amrozi said .");
  EXPECT_EQ(dataset.train[1].input, "\" It opens");
  EXPECT_EQ(dataset.train[2].pair, "is \" near");
  EXPECT_THAT(dataset.classes, ElementsAre("0", "1"));
  EXPECT_THAT(dataset.notes, Contains("train.tsv: quotes are read as characters of the text: they enclose no cells"));
  EXPECT_THAT(dataset.remarks, ElementsAre("left: dev_ids.tsv"));
}

TEST(TableSplits, OfColaHaveNoHeaderAndAreReadByColumnNumbers) {
  const TempFolder folder;
  folder.put("train.tsv",
             "gj04\t1\t\tOur friends won't buy this analysis.\ngj04\t0\t*\tThe box contains the ball from the tree.\n");
  folder.put("dev.tsv",
             "gj04\t1\t\tThe sailors rode the breeze clear of the rocks.\ngj04\t0\t*\tThe gardener watered.\n");
  folder.put("test.tsv", "index\tsentence\n0\tBill whistled past the house.\n");
  EXPECT_ERROR(open_dataset(folder.path(), {.test_split = "dev"}), DataError, "--text-column 4 --label-column 2");
  const Dataset dataset = open_dataset(folder.path(), {.text_column = "4", .label_column = "2", .test_split = "dev"});
  ASSERT_EQ(dataset.train.size(), 2u);
  EXPECT_EQ(dataset.train[0],
            (Sample{.input = "Our friends won't buy this analysis.", .label = 1, .name = "train.tsv:1"}));
  EXPECT_THAT(dataset.classes, ElementsAre("0", "1"));
}

TEST(TableSplits, OfStsBHoldNumbers) {
  const TempFolder folder;
  const std::string head = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2";
  folder.put("train.tsv", head +
                              "\tscore\n0\tmain-captions\tMSRvid\t2012test\t0001\tnone\tnone\tA plane is taking off.\t"
                              "An air plane is taking off.\t5.000\n"
                              "1\tmain-captions\tMSRvid\t2012test\t0004\tnone\tnone\tA man is playing a flute.\t"
                              "A man is playing a \"flute\".\t3.800\n");
  folder.put("dev.tsv",
             head + "\tscore\n0\tmain-captions\tMSRvid\t2012test\t0000\tnone\tnone\tA hat.\tA hard hat.\t5.000\n");
  folder.put("test.tsv", head + "\n0\tmain-captions\tMSRvid\t2012test\t0024\tnone\tnone\tA girl.\tA boy.\n");
  const Dataset dataset = open_dataset(folder.path(), {.test_split = "dev"});
  EXPECT_EQ(dataset.reads, Reads::text);
  EXPECT_EQ(dataset.target, Target::value);
  EXPECT_EQ(dataset.train[1].pair, "A man is playing a \"flute\".");
  EXPECT_THAT(dataset.train[1].values, ElementsAre(3.8f));
}

TEST(TableSplits, OfQnliAndMnliHaveTheirOwnPairsAndNames) {
  const TempFolder qnli, mnli;
  const std::string head = "index\tquestion\tsentence\tlabel\n";
  qnli.put("train.tsv", head + "0\tWhen?\tThen.\tentailment\n1\tWho?\tNow.\tnot_entailment\n");
  qnli.put("dev.tsv", head + "0\tWhat?\tThat.\tentailment\n");
  const Dataset questions = open_dataset(qnli.path(), {.test_split = "dev"});
  EXPECT_EQ(questions.train[0].input, "When?");
  EXPECT_EQ(questions.train[0].pair, "Then.");

  const std::string mnli_head = "index\tsentence1\tsentence2\tlabel1\tgold_label\n";
  mnli.put("train.tsv", mnli_head + "0\ta\tb\tneutral\tneutral\n1\tc\td\tneutral\tentailment\n");
  mnli.put("dev_matched.tsv", mnli_head + "0\te\tf\tneutral\tneutral\n");
  mnli.put("dev_mismatched.tsv", mnli_head + "0\tg\th\tneutral\tneutral\n");
  const Dataset pairs = open_dataset(mnli.path(), {.val_split = "dev_matched", .test_split = "dev_mismatched"});
  EXPECT_EQ(pairs.val[0].input, "e");
  EXPECT_EQ(pairs.test[0].input, "g");
  EXPECT_THAT(pairs.classes, ElementsAre("entailment", "neutral"));
}

TEST(TableSplits, OfHuggingFacesDatasetsHaveIdsWithoutNames) {
  const TempFolder folder;
  folder.put("train.jsonl", "{\"text\":\"a\",\"label\":1}\n{\"text\":\"b\",\"label\":0}\n");
  folder.put("validation.jsonl", "{\"text\":\"c\",\"label\":0}\n");
  folder.put("test.jsonl", "{\"text\":\"d\",\"label\":-1}\n{\"text\":\"e\",\"label\":-1}\n");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "the split 'test' has no classes: each is -1");
  const Dataset dataset = open_dataset(folder.path(), {.test_split = "validation"});
  EXPECT_THAT(dataset.classes, ElementsAre("0", "1"));
  EXPECT_EQ(dataset.train[0].label, 1);
  const Dataset named = open_dataset(folder.path(), {.classes = "negative,positive", .test_split = "validation"});
  EXPECT_THAT(named.classes, ElementsAre("negative", "positive"));
  EXPECT_EQ(named.train[0].label, 1);
}

TEST(TableSplits, OfPhotosAreReadTooButNotBesideClassFolders) {
  const TempFolder folder;
  folder.put("train.csv", "file,label\nimages/a.jpg,x\nimages/b.jpg,y\n");
  folder.put("test.csv", "file,label\nimages/c.jpg,x\n");
  for (const char* file : {"images/a.jpg", "images/b.jpg", "images/c.jpg"})
    folder.put(file, "");
  const Dataset dataset = open_dataset(folder.path());
  EXPECT_THAT(dataset.train, ElementsAre(Sample{"images/a.jpg", 0}, Sample{"images/b.jpg", 1}));
  EXPECT_THAT(dataset.test, ElementsAre(Sample{"images/c.jpg", 0}));
  for (const char* file : {"train/x/a.jpg", "train/y/a.jpg", "test/x/b.jpg"})
    folder.put(file, "");
  EXPECT_EQ(open_dataset(folder.path()).format, "image-folder");
}

TEST(TableSplits, OfOneNameAreRefused) {
  const TempFolder folder;
  folder.put("train.csv", "text,label\na,x\nb,y\n");
  folder.put("train.jsonl", "{\"text\":\"a\",\"label\":\"x\"}\n");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "another table has the same name, 'train'");
  folder.put("test.csv", "file,label\na.jpg,x\n");
  EXPECT_ERROR(open_dataset(folder.path()), DataError, "train.csv holds other things than test.csv: photos or texts?");
}

}  // namespace
}  // namespace graft::data
