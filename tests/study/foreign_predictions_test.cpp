#include "graft/study/foreign_predictions.h"

#include <ATen/core/Tensor.h>
#include <gmock/gmock.h>

#include "graft/study/exports.h"
#include "graft/study/study_page.h"
#include "graft/tasks/prediction_file.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::study {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;

// Three examples, of which this file has two right.
constexpr const char* kPlain = "id,label,prediction\na,cat,cat\nb,dog,cat\nc,dog,dog\n";

class Foreign : public testing::Test {
 protected:
  // Two files, compared.
  ForeignPredictions read(const std::string& name, const std::string& content, const std::string& other_name,
                          const std::string& other, const ForeignQuestion& question = {}) {
    return read_foreign_predictions({folder_.put(name, content), folder_.put(other_name, other)}, question);
  }
  // One file beside the plain one: its predictions in the order of a, b, c (classes cat, dog).
  ForeignPredictions beside_plain(const std::string& name, const std::string& content) {
    return read("plain.csv", kPlain, name, content);
  }
  std::vector<int64_t> predicted(const ForeignPredictions& read, const std::string& method, int64_t seed = 0) {
    for (const auto& [cell, run] : read.results) {
      if (cell.method == method && cell.seed == seed) return run.predicted;
    }
    return {};
  }
  static std::vector<std::string> notes(const ForeignPredictions& read) {
    std::vector<std::string> all;
    for (const auto& note : read.notes)
      all.push_back(note.text);
    return all;
  }

  TempFolder folder_;
};

using ForeignFormats = Foreign;
using ForeignRefusals = Foreign;

TEST_F(ForeignFormats, AreCsvTsvLinesOfJsonAndAListOfThem) {
  for (const auto& [name, content] : std::vector<std::pair<std::string, std::string>>{
           {"x.csv", "ID,Target,Y-Pred\nc,dog,cat\na,cat,cat\nb,dog,dog\n"},
           {"x.tsv", "file name\tgold\tpred\nc\tdog\tcat\na\tcat\tcat\nb\tdog\tdog\n"},
           {"x.jsonl",
            "{\"example\":\"c\",\"truth\":\"dog\",\"output\":\"cat\"}\n"
            "{\"example\":\"a\",\"truth\":\"cat\",\"output\":\"cat\"}\n"
            "{\"example\":\"b\",\"truth\":\"dog\",\"output\":\"dog\"}\n"},
           {"x.json",
            "[{\"image\":\"c\",\"y_true\":\"dog\",\"class\":\"cat\"},\n"
            "{\"image\":\"a\",\"y_true\":\"cat\",\"class\":\"cat\"},\n"
            "{\"image\":\"b\",\"y_true\":\"dog\",\"class\":\"dog\"}]"}}) {
    const auto read = beside_plain(name, content);
    EXPECT_THAT(predicted(read, "x"), ElementsAre(0, 1, 0)) << name;
    EXPECT_THAT(predicted(read, "plain"), ElementsAre(0, 0, 1)) << name;
    const auto& items = read.items.begin()->second;
    EXPECT_THAT(items.files, ElementsAre("a", "b", "c"));
    EXPECT_THAT(items.classes, ElementsAre("cat", "dog"));
    EXPECT_THAT(items.labels, ElementsAre(0, 1, 1));
    EXPECT_THAT(notes(read), IsEmpty()) << name;
  }
}

TEST_F(ForeignFormats, AreWhatGraftWritesItself) {
  tasks::Predictions predictions{
      {"a", "b", "c"}, {0, 1, 1}, at::tensor({0.75f, 0.25f, 0.125f, 0.875f, 0.5f, 0.5f}).reshape({3, 2})};
  for (const auto* run : {"lora", "vpt"}) {
    fs::create_directories(folder_ / "runs" / run);
    tasks::write_predictions(folder_ / "runs" / run / "predictions.jsonl", "test", predictions, {"cat", "dog"});
    predictions.probabilities = predictions.probabilities.flip({1});
  }
  const auto read = read_foreign_predictions({folder_ / "runs" / "lora", folder_ / "runs/vpt/predictions.jsonl"}, {});
  EXPECT_THAT(predicted(read, "lora"), ElementsAre(0, 1, 0));
  EXPECT_THAT(predicted(read, "vpt"), ElementsAre(1, 0, 0));
  EXPECT_THAT(read.results.begin()->second.probability, ElementsAre(0.75f, 0.875f, 0.5f));
  EXPECT_THAT(notes(read), IsEmpty());
  EXPECT_THAT(outcome_of(read).calibration, testing::SizeIs(2));
}

TEST_F(ForeignFormats, WithAColumnAClassTheLargestScoreCountsAndOfEqualOnesTheFirst) {
  const auto read = beside_plain("x.csv", "id,label,dog,cat\na,cat,0.2,0.8\nb,dog,0.5,0.5\nc,dog,0.9,0.1\n");
  EXPECT_THAT(predicted(read, "x"), ElementsAre(0, 1, 1));
  EXPECT_THAT(notes(read), AllOf(Contains(HasSubstr("the largest of 2 scores")),
                                 Contains(HasSubstr("1 row with several largest scores: the first column counts"))));
  EXPECT_THAT(read.results.rbegin()->second.probability, ElementsAre(0.8f, 0.5f, 0.9f));
  const auto logits = beside_plain("x.csv", "id,label,dog,cat\na,cat,-3,1e1\nb,dog,7,+2\nc,dog,0,1\n");
  EXPECT_THAT(predicted(logits, "x"), ElementsAre(0, 1, 0));
  EXPECT_THAT(logits.results.rbegin()->second.probability, IsEmpty());
}

TEST_F(ForeignFormats, AClassWithoutExamplesIsToldFromOtherNumbersBySums) {
  const auto owl = beside_plain("x.csv", "id,cat,owl,dog\na,0.2,0.7,0.1\nb,0,0,1\nc,0.3,0.3,0.4\n");
  EXPECT_THAT(predicted(owl, "x"), ElementsAre(-1, 1, 1));
  EXPECT_THAT(notes(owl), Contains(HasSubstr("1 prediction of classes that are no label here count as wrong: 'owl'")));
  const auto seconds = beside_plain("x.csv", "id,cat,seconds,dog\na,0.9,3,0.1\nb,0,7,1\nc,0.6,0.3,0.4\n");
  EXPECT_THAT(predicted(seconds, "x"), ElementsAre(0, 1, 0));
  EXPECT_THAT(notes(seconds), Contains(HasSubstr("not read: 'seconds'")));
  EXPECT_ERROR(beside_plain("x.csv", "id,cat,seconds,dog\na,9,3,1\nb,0,7,1\nc,6,3,4\n"), DataError,
               "columns of numbers that no label is called by: 'seconds'");
}

TEST_F(ForeignFormats, ColumnsThatNobodyKnowsAreNotedByName) {
  const auto read = beside_plain("x.csv", "id,label,mood,pred,\na,cat,good,cat,1\nb,dog,bad,cat,2\nc,dog,good,dog,3\n");
  ASSERT_THAT(notes(read), ElementsAre(HasSubstr("x.csv: not read: 'mood', one without a name")));
  EXPECT_FALSE(read.notes.front().numbers);
}

TEST_F(ForeignFormats, NumbersBeyondOneAreNoProbabilities) {
  const auto read = beside_plain("x.csv", "id,pred,score\na,cat,3.5\nb,cat,0.1\nc,dog,0.2\n");
  EXPECT_THAT(read.results.rbegin()->second.probability, IsEmpty());
  EXPECT_THAT(notes(read), Contains(HasSubstr("'score' goes beyond 0 to 1")));
  EXPECT_THAT(outcome_of(read).calibration, IsEmpty());
}

TEST_F(ForeignFormats, OfSeveralSplitsTheTestCounts) {
  const auto read =
      beside_plain("x.csv", "id,split,label,pred\na,test,cat,cat\nz,train,cat,cat\nb,test,dog,dog\nc,test,dog,dog\n");
  EXPECT_THAT(predicted(read, "x"), ElementsAre(0, 1, 1));
  EXPECT_THAT(notes(read), Contains(HasSubstr("rows of the split 'test' count; 'train' are left aside")));
  EXPECT_ERROR(beside_plain("x.csv", "id,split,label,pred\na,val,cat,cat\nz,train,cat,cat\n"), DataError,
               "rows of several splits ('train', 'val'), none of them 'test'");
}

TEST_F(ForeignFormats, WithoutIdsRowsPairInTheirOrder) {
  const auto read = this->read("x.csv", "y_true,y_pred\n1,1\n10,1\n2,2\n", "y.csv", "y_true,y_pred\n1,2\n10,10\n2,2\n");
  EXPECT_THAT(predicted(read, "x"), ElementsAre(0, 0, 1));
  EXPECT_THAT(predicted(read, "y"), ElementsAre(1, 2, 1));
  EXPECT_THAT(read.items.begin()->second.classes, ElementsAre("1", "2", "10"));
  EXPECT_THAT(notes(read), Contains(HasSubstr("no column names the examples")));
  EXPECT_ERROR(this->read("x.csv", "y_true,y_pred\n1,1\n2,2\n", "y.csv", "y_true,y_pred\n1,2\n"), DataError,
               "x.csv has 2 rows, ");
  EXPECT_ERROR(this->read("x.csv", "y_true,y_pred\n1,1\n2,2\n", "y.csv", "id,y_true,y_pred\na,1,2\nb,2,2\n"), DataError,
               "y.csv has a column that names the examples, and ");
}

TEST_F(ForeignFormats, LabelsComeFromAFileOfTheirOwnOrFromAnotherRuns) {
  ForeignQuestion question{.labels = folder_.put("truth.csv", "file,label\nz,owl\nc,dog\nb,dog\na,cat\n").string()};
  const auto read =
      this->read("x.csv", "id,pred\na,cat\nb,cat\nc,dog\n", "y.csv", "id,pred\nc,dog\nb,dog\na,cat\n", question);
  EXPECT_THAT(read.items.begin()->second.labels, ElementsAre(0, 1, 1));
  EXPECT_THAT(notes(read), ElementsAre(HasSubstr("truth.csv: 1 label without predictions")));
  question.labels = folder_.put("class.csv", "Id,Class,score\nc,dog,?\nb,dog,?\na,cat,?\n").string();
  EXPECT_THAT(this->read("x.csv", "id,pred\na,cat\nb,cat\nc,dog\n", "y.csv", "id,pred\nc,dog\nb,dog\na,cat\n", question)
                  .items.begin()
                  ->second.labels,
              ElementsAre(0, 1, 1));
  EXPECT_THAT(beside_plain("x.csv", "id,pred\na,cat\nb,cat\nc,dog\n").items.begin()->second.labels,
              ElementsAre(0, 1, 1));
  EXPECT_ERROR(this->read("x.csv", "id,pred\na,cat\n", "y.csv", "id,pred\na,dog\n"), DataError,
               "none of the files has labels");
  question.labels = folder_.put("few.csv", "id,label\na,cat\n").string();
  EXPECT_ERROR(this->read("x.csv", "id,pred\na,cat\nb,cat\n", "y.csv", "id,pred\na,cat\nb,cat\n", question), DataError,
               "few.csv has no label for 1 example of the predictions: 'b'");
  question.labels = folder_.put("none.csv", "id,pred\na,cat\n").string();
  EXPECT_ERROR(this->read("x.csv", kPlain, "y.csv", kPlain, question), DataError, "none.csv: no column of labels");
}

TEST_F(ForeignFormats, AColumnDataMakesSeveralDataSets) {
  const auto read = this->read("x.csv", "data,id,label,pred\npets,1,cat,cat\npets,2,dog,cat\nflowers,1,rose,rose\n",
                               "y.csv", "data,id,label,pred\nflowers,1,rose,tulip\npets,2,dog,dog\npets,1,cat,cat\n");
  const auto outcome = outcome_of(read);
  ASSERT_EQ(outcome.tables.size(), 1u);
  EXPECT_THAT(outcome.tables[0].columns, ElementsAre("pets", "flowers"));
  EXPECT_THAT(outcome.tables[0].rows[0].cells[0].values, ElementsAre(0.5));
  EXPECT_THAT(outcome.tables[0].rows[1].cells[1].values, ElementsAre(0.0));
  EXPECT_ERROR(
      this->read("x.csv", "data,id,label,pred\npets,1,cat,cat\n", "y.csv", "data,id,label,pred\ncars,1,cat,cat\n"),
      DataError, "is of the data sets 'pets', ");
}

// --- what may be said

// b examples that only `ours` has right, c that only `base` has, of n.
std::pair<std::string, std::string> discordant(int b, int c, int n) {
  std::string base = "id,label,prediction\n", ours = base;
  for (int i = 0; i < n; ++i) {
    const char* label = i % 2 == 0 ? "yes" : "no";
    const char* other = i % 2 == 0 ? "no" : "yes";
    base += fmt::format("{},{},{}\n", i, label, i < b ? other : label);
    ours += fmt::format("{},{},{}\n", i, label, i >= b && i < b + c ? other : label);
  }
  return {base, ours};
}

TEST_F(Foreign, OneFileAMethodIsComparedExampleByExampleByMcNemarsMidP) {
  const auto [base, ours] = discordant(12, 4, 200);
  const auto outcome = outcome_of(read("base.csv", base, "ours.csv", ours));
  ASSERT_EQ(outcome.comparisons.size(), 1u);
  const auto& c = outcome.comparisons.front();
  EXPECT_EQ(c.first, "ours");
  EXPECT_TRUE(c.by_items);
  EXPECT_NEAR(c.p, .0490417480469, 1e-13);
  EXPECT_NEAR(c.points, 4, 1e-12);
  EXPECT_EQ(c.only_first, 12);
  EXPECT_EQ(c.only_second, 4);
  EXPECT_EQ(c.verdict, Verdict::better);
}

TEST_F(Foreign, OneFileAMethodCanBeShownEqualWithinAMargin) {
  const auto [base, ours] = discordant(5, 5, 1000);
  const auto outcome = outcome_of(read("base.csv", base, "ours.csv", ours, {.margin = 1.0}));
  const auto& c = outcome.comparisons.front();
  EXPECT_EQ(c.verdict, Verdict::equivalent);
  // Bonett and Price: (6 + 6) / 1002 discordant, so an error of sqrt(12) / 1002 = 0.3457 points.
  EXPECT_NEAR(c.equivalence_interval->high, 1.6448536 * 100 * std::sqrt(12.0) / 1002, 1e-6);
  EXPECT_NEAR(*c.equivalence_p, 0.0019, 1e-4);
  EXPECT_THAT(sentences(c, outcome.verdict_options, 1, 0).front(),
              AllOf(HasSubstr("inside the margin of 1.0"), Not(HasSubstr("stated before"))));
  EXPECT_EQ(outcome_of(read("base.csv", base, "ours.csv", ours, {.margin = 0.5})).comparisons.front().verdict,
            Verdict::no_difference);
}

TEST_F(Foreign, SeveralRunsAMethodArePairedBySeed) {
  std::vector<fs::path> files;
  for (int seed = 1; seed <= 6; ++seed) {
    const auto [base, ours] = discordant(10 + seed, 2, 100);
    files.push_back(folder_.put(fmt::format("base/seed{}.csv", seed), base));
    files.push_back(folder_.put(fmt::format("ours/s0{}.csv", seed), ours));
  }
  const auto read = read_foreign_predictions(files, {});
  EXPECT_THAT(read.said, HasSubstr("2 methods x 6 runs · 100 test examples in 2 classes"));
  const auto outcome = outcome_of(read);
  const auto& c = outcome.comparisons.front();
  EXPECT_FALSE(c.by_items);
  EXPECT_EQ(c.pairs, 6);
  EXPECT_EQ(c.won_pairs, 6);
  EXPECT_NEAR(c.p, 2.0 / 64, 1e-15);
  EXPECT_NEAR(c.points, 11.5, 1e-9);
  EXPECT_EQ(c.verdict, Verdict::better);
}

TEST_F(Foreign, TheMeanOverClassesIsOverThoseThatOccur) {
  const auto read = this->read("x.csv", "id,label,pred\na,cat,cat\nb,dog,cat\nc,dog,dog\nd,dog,dog\n", "y.csv",
                               "id,label,pred\na,cat,dog\nb,dog,owl\nc,dog,dog\nd,dog,dog\n",
                               {.metric = ForeignMetric::mean_per_class});
  const auto outcome = outcome_of(read);
  EXPECT_EQ(outcome.metric, "mean_per_class");
  EXPECT_NEAR(outcome.tables[0].rows[0].cells[0].values[0], (1 + 2.0 / 3) / 2, 1e-15);
  EXPECT_NEAR(outcome.tables[0].rows[1].cells[0].values[0], (0 + 2.0 / 3) / 2, 1e-15);
  EXPECT_EQ(outcome.comparisons.front().verdict, Verdict::too_few);
}

TEST_F(Foreign, TablesAndPageSayNothingOfCost) {
  const auto [base, ours] = discordant(12, 4, 200);
  const auto outcome = outcome_of(read("base.csv", base, "ours.csv", ours));
  EXPECT_THAT(to_csv(outcome), HasSubstr("0,ours,test,1,0.980000,,,,\n"));
  EXPECT_THAT(to_markdown(outcome),
              HasSubstr("| method | test | mean | mean rank |\n|---|--:|--:|--:|\n| base | 94.0 |"));
  EXPECT_THAT(to_latex(outcome), HasSubstr("\\begin{tabular}{lrrr}\n\\toprule\nmethod & test & mean & rank"));
  const auto page = to_html(outcome, {.command = "graft compare", .environment = {}});
  EXPECT_THAT(page, AllOf(HasSubstr("ours beats base by 4.0 points"), Not(HasSubstr("trained")),
                          Not(HasSubstr("What it costs"))));
}

TEST_F(Foreign, AFolderWithOtherThingsIsNotWrittenInto) {
  prepare_foreign_output(folder_ / "report");
  write_exports(outcome_of(beside_plain("x.csv", kPlain)), "page", folder_ / "report");
  prepare_foreign_output(folder_ / "report");
  folder_.put("run/config.yaml", "");
  EXPECT_ERROR(prepare_foreign_output(folder_ / "run"), ConfigError,
               "holds something else than a comparison: config.yaml");
  EXPECT_ERROR(prepare_foreign_output(folder_.put("file", "")), FileError, "is a file");
}

// --- what is refused

TEST_F(ForeignRefusals, FilesThatAreNoTables) {
  EXPECT_ERROR(beside_plain("x.txt", kPlain), DataError, "x.txt: expected a .csv, .tsv, .jsonl or .json file");
  EXPECT_ERROR(beside_plain("x.csv", "id,label,pred\n"), DataError, "the table has no rows");
  EXPECT_ERROR(beside_plain("x.csv", ""), DataError, "the table has no rows");
  EXPECT_ERROR(beside_plain("x.json", "{\"a\": 1}"), DataError, "x.json: expected a list of objects");
  EXPECT_ERROR(beside_plain("x.json", "[{\"id\": 1, \"prob\": NaN}]"), DataError,
               "x.json:1: no JSON: NaN and Infinity are none");
  EXPECT_ERROR(beside_plain("x.json", "[{\"id\": 1},\n{\"id\": }]"), DataError, "x.json:2: no JSON.");
  const std::string deep(100'000, '[');
  EXPECT_ERROR(beside_plain("x.json", deep), DataError, "x.json:1: no JSON.");
  EXPECT_ERROR(beside_plain("x.json", "[{\"pred\": " + deep + std::string(deep.size(), ']') + "}]"), DataError,
               "x.json, item 1: no prediction in 'pred'");
  EXPECT_ERROR(beside_plain("x.json", "[1]"), DataError, "x.json, item 1: expected an object");
  EXPECT_ERROR(beside_plain("x.csv", "id,label,pred\na,cat\n"), DataError, "x.csv:2: expected 3 cells, got 2");
  EXPECT_ERROR(read_foreign_predictions({folder_ / "a.csv", folder_ / "b.csv"}, {}), FileError, "a.csv");
  fs::create_directories(folder_ / "empty");
  EXPECT_ERROR(read_foreign_predictions({folder_ / "empty"}, {}), FileError, "is a folder without a predictions.jsonl");
  EXPECT_ERROR(read_foreign_predictions({folder_ / "study.yaml"}, {}), UsageError, "study.yaml is a study's file");
}

TEST_F(ForeignRefusals, ColumnsThatAreMissingOrCouldBeSeveral) {
  EXPECT_ERROR(beside_plain("x.csv", "id,label\na,cat\nb,dog\nc,dog\n"), DataError,
               "no column of predictions: expected prediction, predicted, pred");
  EXPECT_ERROR(beside_plain("x.csv", "id,label,target,pred\na,cat,cat,cat\n"), DataError,
               "the label could be in several columns: 'label', 'target'");
  EXPECT_ERROR(beside_plain("x.csv", "id,label,class,pred\na,cat,cat,cat\n"), DataError,
               "the prediction could be in several columns: 'pred', 'class'");
  EXPECT_ERROR(beside_plain("x.csv", "id,file,label,pred\na,a,cat,cat\n"), DataError,
               "the example could be in several columns: 'id', 'file'");
}

TEST_F(ForeignRefusals, CellsThatSayNothing) {
  EXPECT_THAT([&] { beside_plain("x.csv", "id,label,pred\na,cat,cat\nb,dog,\nc,,dog\n,dog,dog\n"); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("x.csv:3: no prediction in 'pred'"),
                                             HasSubstr("x.csv:4: no label in 'label'"),
                                             HasSubstr("x.csv:5: no example in 'id'"))));
  EXPECT_ERROR(beside_plain("x.jsonl", "{\"id\":\"a\",\"pred\":[\"cat\"]}\n"), DataError,
               "x.jsonl:1: 'pred' is a list: expected one prediction an example");
}

TEST_F(ForeignRefusals, ScoresThatAreNoNumbers) {
  EXPECT_THAT([&] { beside_plain("x.csv", "id,pred,prob\na,cat,0.5\nb,cat,nan\nc,dog,inf\n"); },
              ThrowsMessage<DataError>(
                  AllOf(HasSubstr("x.csv:3: 'prob': expected a number, got 'nan'"), HasSubstr("x.csv:4: "))));
  EXPECT_THAT([&] { beside_plain("x.csv", "id,cat,dog\na,1,0\nb,NaN,0\nc,0,\n"); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("x.csv:3: 'cat': expected a number"),
                                             HasSubstr("x.csv:4: 'dog': expected a number"))));
  EXPECT_ERROR(beside_plain("x.csv", "id,cat\na,1\nb,0\nc,0\n"), DataError, "none of scores for the label 'dog'");
}

TEST_F(ForeignRefusals, ExamplesThatAreThereTwiceOrNotInAll) {
  EXPECT_ERROR(beside_plain("x.csv", "id,pred\na,cat\nb,cat\na,cat\n"), DataError,
               "x.csv:4: 'a' is there twice, before in ");
  EXPECT_THAT([&] { beside_plain("x.csv", "id,pred\nc,cat\nd,cat\ne,cat\nf,cat\ng,cat\n"); },
              ThrowsMessage<DataError>(AllOf(HasSubstr("x.csv lacks 2 examples that "), HasSubstr("'a', 'b'."),
                                             HasSubstr("plain.csv lacks 4 examples that "),
                                             HasSubstr("'d', 'e', 'f' and 1 more."))));
}

TEST_F(ForeignRefusals, OtherLabelsOfOneExampleInTwoFiles) {
  EXPECT_THAT(
      [&] { beside_plain("x.csv", "id,label,pred\na,cat,cat\nb,cat,cat\nc,cat,dog\n"); },
      ThrowsMessage<DataError>(AllOf(HasSubstr("2 examples with other labels in two files: 'b' is 'dog' in "),
                                     HasSubstr("plain.csv:3"), HasSubstr("and 'cat' in "), HasSubstr("x.csv:3"))));
}

TEST_F(ForeignRefusals, NamesInOneFileAndNumbersInTheOther) {
  EXPECT_ERROR(beside_plain("x.csv", "id,label,pred\na,0,0\nb,1,1\nc,1,1\n"), DataError,
               "one file has names, the other numbers, and which is which is not said");
  EXPECT_ERROR(
      beside_plain("x.csv", "id,pred\na,0\nb,1\nc,1\n"), DataError,
      "none of its predictions is a label that occurs: predicted are '0', '1', the labels are 'cat', 'dog'. One "
      "has names, the other numbers");
}

TEST_F(ForeignRefusals, QuestionsThatCannotBeAsked) {
  EXPECT_ERROR(read("x.csv", kPlain, "y.csv", kPlain, {.against = "z"}), ConfigError, "--against: no method of these");
  EXPECT_ERROR(read("x.csv", kPlain, "y.csv", kPlain, {.margin = -1.0}), ConfigError,
               "--margin: expected points above 0");
  EXPECT_ERROR(
      this->read("x.csv", "id,split,label,pred\na,test,cat,cat\n", "y.csv", "id,split,label,pred\na,val,cat,cat\n"),
      DataError, "Compare predictions of one split");
}

}  // namespace
}  // namespace graft::study
