#include <gmock/gmock.h>

#include "graft/data/dataset.h"
#include "graft/data/few_shot.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(TextTable, FindsTheUsualColumns) {
  const TempFolder folder;
  const auto file = folder.put(
      "reviews.csv", "review,label,split\n\"good, \"\"really\"\"\",pos,train\nbad,neg,train\nfine,pos,test\n");
  const Dataset dataset = open_dataset(file);
  EXPECT_EQ(dataset.reads, Reads::text);
  EXPECT_EQ(dataset.target, Target::label);
  EXPECT_THAT(dataset.classes, ElementsAre("neg", "pos"));
  EXPECT_THAT(dataset.train, ElementsAre(Sample{.input = "good, \"really\"", .label = 1, .name = "reviews.csv:2"},
                                         Sample{.input = "bad", .label = 0, .name = "reviews.csv:3"}));
  EXPECT_THAT(dataset.notes, IsEmpty());
}

TEST(TextTable, ReadsJsonlTsvAndColumnsByName) {
  const TempFolder folder;
  const auto jsonl = folder.put("a.jsonl",
                                "{\"body of it\": \"x\", \"kind\": 1, \"split\": \"train\"}\n"
                                "{\"body of it\": \"y\", \"kind\": 0, \"split\": \"train\"}\n"
                                "{\"body of it\": \"z\", \"kind\": 0, \"split\": \"test\"}\n");
  const Dataset dataset = open_dataset(jsonl, {.text_column = "body_of_it", .label_column = "kind"});
  EXPECT_THAT(dataset.classes, ElementsAre("0", "1"));
  EXPECT_EQ(dataset.train[0].input, "x");
  EXPECT_EQ(dataset.train[0].label, 1);
  const auto tsv = folder.put("a.tsv", "Text\tClass\tsplit\nx\ta\ttrain\ny\tb\ttrain\nz\tb\ttest\n");
  EXPECT_EQ(open_dataset(tsv).test[0].input, "z");
  EXPECT_ERROR(open_dataset(tsv, {.text_column = "Texts"}), DataError,
               "--text-column: no column 'Texts'. Did you mean 'Text'?");
}

TEST(TextTable, KeepsATextAsItIsWritten) {
  const TempFolder folder;
  const auto file =
      folder.put("t.csv",
                 "\xef\xbb\xbftext,label,split\r\n parental units ,a,train\r\n\"one\r\n\r\ntwo \",b,train\r\n"
                 "na\xc3\xafve \xf0\x9f\x98\x80,a,test\r\n");
  const Dataset dataset = open_dataset(file);
  EXPECT_EQ(dataset.train[0].input, " parental units ");
  EXPECT_EQ(dataset.train[1].input, "one\n\ntwo ");
  EXPECT_EQ(dataset.train[1].name, "t.csv:3");
  EXPECT_EQ(dataset.test[0].input, "na\xc3\xafve \xf0\x9f\x98\x80");
  const auto jsonl = folder.put("t.jsonl",
                                "{\"text\": \" a\\u00e9\\t\", \"label\": \" x \", \"split\": \"train\"}\n"
                                "{\"text\": \"b\", \"label\": \"y\", \"split\": \"train\"}\n"
                                "{\"text\": \"c\", \"label\": \"y\", \"split\": \"test\"}\n");
  EXPECT_EQ(open_dataset(jsonl).train[0].input, " a\xc3\xa9\t");
  EXPECT_THAT(open_dataset(jsonl).classes, ElementsAre("x", "y"));
}

TEST(TextTable, MissingTextsAndClassesAreRefusedTogetherWithTheirLines) {
  const TempFolder folder;
  const auto file = folder.put("t.csv", "text,label\n,a\nx,\n \xe2\x80\x8b ,b\ny,b\n");
  EXPECT_ERROR(open_dataset(file), DataError, "3 problems");
  EXPECT_ERROR(open_dataset(file), DataError, "t.csv:2: no text in the column 'text'.");
  EXPECT_ERROR(open_dataset(file), DataError, "t.csv:3: no class in the column 'label'.");
  EXPECT_ERROR(open_dataset(file), DataError, "t.csv:4: no text in the column 'text'.");
  const auto jsonl =
      folder.put("t.jsonl",
                 "{\"text\": null, \"label\": \"a\"}\n{\"text\": 7, \"label\": \"a\"}\n{\"label\": \"b\"}\n"
                 "{\"text\": \"x\", \"label\": NaN}\n");
  EXPECT_ERROR(open_dataset(jsonl), DataError, "t.jsonl:4: expected one JSON object");
  EXPECT_ERROR(open_dataset(jsonl), DataError, "NaN and Infinity are no JSON");
  folder.put("t.jsonl", "{\"text\": null, \"label\": \"a\"}\n{\"text\": 7, \"label\": \"a\"}\n{\"label\": \"b\"}\n");
  EXPECT_ERROR(open_dataset(jsonl), DataError, "t.jsonl:1: no text in the column 'text'.");
  EXPECT_ERROR(open_dataset(jsonl), DataError, "t.jsonl:2: 'text': expected text, got the number 7.");
  EXPECT_ERROR(open_dataset(jsonl), DataError, "t.jsonl:3: no text");
}

TEST(TextTable, BytesThatAreNoTextAreNamedByTheirLine) {
  const TempFolder folder;
  EXPECT_ERROR(open_dataset(folder.put("l.csv", "text,label\ngood,a\ncaf\xe9,b\n")), DataError,
               "l.csv:3: expected UTF-8, got the byte 0xe9");
  EXPECT_ERROR(open_dataset(folder.put("z.csv", std::string("text,label\ngood and well,a\nzero\0,b\n", 37))), DataError,
               "z.csv:3: holds a zero byte");
}

TEST(TextTable, OneClassIsRefused) {
  const TempFolder folder;
  std::string rows = "text,label\n";
  for (int i = 0; i < 10; ++i)
    rows += fmt::format("t{},same\n", i);
  EXPECT_ERROR(open_dataset(folder.put("t.csv", rows)), DataError, "only one class, 'same'");
}

TEST(TextTable, PairsAreFoundAndSaid) {
  const TempFolder folder;
  const auto file = folder.put("t.csv", "premise,hypothesis,label,split\na,b,x,train\nc,d,y,train\ne,f,x,test\n");
  const Dataset dataset = open_dataset(file);
  EXPECT_EQ(dataset.train[0], (Sample{.input = "a", .label = 0, .pair = "b", .name = "t.csv:2"}));
  EXPECT_THAT(dataset.notes,
              ElementsAre(HasSubstr("texts are read as pairs, from the columns 'premise' and 'hypothesis'")));
  const Dataset single = open_dataset(file, {.pair_column = "none"});
  EXPECT_EQ(single.train[0].pair, "");
  const auto odd = folder.put("o.csv", "left,right,label,split\na,b,x,train\nc,d,y,train\ne,,x,test\n");
  EXPECT_ERROR(open_dataset(odd, {.text_column = "left", .pair_column = "right"}), DataError,
               "o.csv:4: no second text in the column 'right'.");
  const auto other =
      folder.put("q.csv", "question1,question2,body,label,split\na,b,B,x,train\nc,d,D,y,train\ne,f,F,x,test\n");
  EXPECT_EQ(open_dataset(other, {.text_column = "body"}).train[0],
            (Sample{.input = "B", .label = 0, .name = "q.csv:2"}));
}

TEST(TextTable, PhotosBesideTextsAreTakenAndSaid) {
  const TempFolder folder;
  const auto file = folder.put("t.csv", "file,caption,label,split\na.jpg,A,x,train\nb.jpg,B,y,train\nc.jpg,C,x,test\n");
  const Dataset photos = open_dataset(file);
  EXPECT_EQ(photos.reads, Reads::photo);
  EXPECT_THAT(photos.train, ElementsAre(Sample{"a.jpg", 0}, Sample{"b.jpg", 1}));
  EXPECT_THAT(photos.notes, ElementsAre(HasSubstr("photos are read from the column 'file', not texts from 'caption': "
                                                  "--text-column caption reads these")));
  const Dataset texts = open_dataset(file, {.text_column = "caption"});
  EXPECT_EQ(texts.reads, Reads::text);
  EXPECT_EQ(texts.train[0].input, "A");
  EXPECT_THAT(open_dataset(file, {.image_column = "file"}).notes, IsEmpty());
  EXPECT_ERROR(open_dataset(file, {.image_column = "file", .text_column = "caption"}), DataError,
               "a data set has photos or texts");
}

TEST(TextTable, NumbersAreReadWhereTheColumnHoldsThem) {
  const TempFolder folder;
  const auto file = folder.put("t.csv", "text,score,split\na,1,train\nb,4,train\nc,+2.5e0,test\n");
  const Dataset dataset = open_dataset(file);
  EXPECT_EQ(dataset.target, Target::value);
  EXPECT_THAT(dataset.classes, IsEmpty());
  EXPECT_EQ(dataset.test[0], (Sample{.input = "c", .values = {2.5f}, .name = "t.csv:4"}));
  EXPECT_THAT(dataset.notes,
              ElementsAre(HasSubstr("numbers are read from the column 'score': --label-kind label reads classes")));
  EXPECT_EQ(open_dataset(file, {.target = Target::label}, {}).classes.size(), 3u);
  const auto fractions = folder.put("f.csv", "text,label,split\na,0.25,train\nb,1,train\nc,2,test\n");
  EXPECT_EQ(open_dataset(fractions).target, Target::value);
  const auto whole = folder.put("w.csv", "text,label,split\na,0,train\nb,1,train\nc,1,test\n");
  EXPECT_EQ(open_dataset(whole).target, Target::label);
  EXPECT_EQ(open_dataset(whole, {.target = Target::value}).train[1].values.front(), 1);
  EXPECT_ERROR(few_shot(dataset, 2, 1), ConfigError, "--shots 2: are so many of each class");
}

TEST(TextTable, WhatIsNoNumberIsRefusedWithItsLine) {
  const TempFolder folder;
  const auto file = folder.put("t.csv", "text,score\na,1.5\nb,NaN\nc,inf\nd,2\xc2\xbd\ne,\nf,\"3,5\"\n");
  const DatasetOptions value = {.target = Target::value};
  EXPECT_ERROR(open_dataset(file, value), DataError, "5 problems");
  EXPECT_ERROR(open_dataset(file, value), DataError, "t.csv:3: 'score': expected a number, got 'NaN'.");
  EXPECT_ERROR(open_dataset(file, value), DataError, "t.csv:4: 'score': expected a number, got 'inf'.");
  EXPECT_ERROR(open_dataset(file, value), DataError, "t.csv:6: no number in the column 'score'.");
  EXPECT_ERROR(open_dataset(file, value), DataError, "t.csv:7: 'score': expected a number, got '3,5'.");
  const auto classes = folder.put("c.csv", "text,label\na,1\nb,0\nc,nan\n");
  EXPECT_ERROR(open_dataset(classes), DataError, "c.csv:4: 'label': expected a class, got 'nan' among numbers.");
  const auto same = folder.put("s.csv", "text,score,split\na,1.5,train\nb,1.5,train\nc,2,test\n");
  EXPECT_ERROR(open_dataset(same), DataError, "the number is 1.5 in all of train");
}

TEST(TextTable, SeveralClassesStandInListsOrBetweenSeparators) {
  const TempFolder folder;
  const auto jsonl = folder.put("t.jsonl",
                                "{\"text\": \"a\", \"labels\": [\"joy\", \"love\"], \"split\": \"train\"}\n"
                                "{\"text\": \"b\", \"labels\": [], \"split\": \"train\"}\n"
                                "{\"text\": \"c\", \"labels\": [\"fear\"], \"split\": \"train\"}\n"
                                "{\"text\": \"d\", \"labels\": [\"love\"], \"split\": \"test\"}\n");
  const Dataset dataset = open_dataset(jsonl);
  EXPECT_EQ(dataset.target, Target::labels);
  EXPECT_THAT(dataset.classes, ElementsAre("fear", "joy", "love"));
  EXPECT_THAT(dataset.train[0].values, ElementsAre(0, 1, 1));
  EXPECT_EQ(dataset.train[0].label, 1);
  EXPECT_THAT(dataset.train[1].values, ElementsAre(0, 0, 0));
  EXPECT_EQ(dataset.train[1].label, -1);
  EXPECT_THAT(dataset.notes, ElementsAre(HasSubstr("several classes of each text are read from the column 'labels'")));
  EXPECT_THAT(few_shot(dataset, 1, 1).train, testing::SizeIs(2));  // by the first class

  const DatasetOptions labels = {.target = Target::labels};
  const auto csv = folder.put(
      "t.csv", "text,labels,split\na,joy; love,train\nb,[],train\nc,\"['fear', \"\"joy\"\"]\",train\nd,love,test\n");
  EXPECT_THAT(open_dataset(csv, labels).classes, ElementsAre("fear", "joy", "love"));
  EXPECT_THAT(open_dataset(csv, labels).train[2].values, ElementsAre(1, 1, 0));
  EXPECT_EQ(open_dataset(csv, {}, {}).target, Target::label);  // unasked, a class may be called "joy; love"
  const auto numbers = folder.put("n.csv", "text,labels,split\na,[0 2],train\nb,[1],train\nc,\"[2, 1]\",test\n");
  EXPECT_THAT(open_dataset(numbers, labels).train[0].values, ElementsAre(1, 0, 1));
  const auto slashes = folder.put("s.csv", "text,labels,split\na,x / y;z,train\nb,x,train\nc,x,test\n");
  EXPECT_THAT(open_dataset(slashes, {.target = Target::labels, .label_separator = "/"}).classes,
              ElementsAre("x", "y;z"));
  const auto empty = folder.put("e.csv", "text,labels\na,\nb,x\n");
  EXPECT_ERROR(open_dataset(empty, labels), DataError, "e.csv:2: no class in the column 'labels'; [] says that");
}

TEST(TextTable, SeveralClassesStandInColumnsOfTheirOwn) {
  const TempFolder folder;
  const auto file = folder.put("train.csv",
                               "id,comment_text,toxic,obscene,threat,split\n1,a,1,0,0,train\n2,b,0,0,0,train\n"
                               "3,c,1,1.0,0,train\n4,d,False,True,0,test\n");
  const DatasetOptions options = {.text_column = "comment_text", .label_column = "toxic, obscene, threat"};
  EXPECT_ERROR(open_dataset(file, options), DataError, "the class 'threat' has no text to train on");
  const Dataset dataset = open_dataset(file, options, {});
  EXPECT_EQ(dataset.target, Target::labels);
  EXPECT_THAT(dataset.classes, ElementsAre("obscene", "threat", "toxic"));
  EXPECT_THAT(dataset.train[2].values, ElementsAre(1, 0, 1));
  EXPECT_THAT(dataset.train[1].values, ElementsAre(0, 0, 0));
  EXPECT_THAT(dataset.test[0].values, ElementsAre(1, 0, 0));
  EXPECT_ERROR(open_dataset(file, {.text_column = "comment_text", .label_column = "toxic,id"}), DataError,
               "train.csv:3: 'id': expected 0 or 1, got '2'.");
  EXPECT_ERROR(open_dataset(file, {.label_column = "toxic,threat", .target = Target::label}), DataError,
               "several columns are several classes, --label-kind labels");
  EXPECT_ERROR(open_dataset(file, {.text_column = "comment_text", .label_column = "toxic,threet"}), DataError,
               "no column 'threet'. Did you mean 'threat'?");
}

TEST(TextTable, OfPhotosOneClassIsTold) {
  const TempFolder folder;
  const auto file = folder.put("t.csv", "file,label,split\na.jpg,1.5,train\nb.jpg,2,train\nc.jpg,2,test\n");
  EXPECT_EQ(open_dataset(file).target, Target::label);
  EXPECT_ERROR(open_dataset(file, {.target = Target::value}), DataError,
               "--label-kind value: of photos one class is told");
}

TEST(TextTable, ASplitByTheSeedIsTheSameAndNeedsNoClasses) {
  const TempFolder folder;
  std::string rows = "text,label\n", numbers = "text,score\n";
  for (int i = 0; i < 20; ++i) {
    rows += fmt::format("text {},{}\n", i, i % 2 ? "a" : "b");
    numbers += fmt::format("text {},{}.5\n", i, i);
  }
  const auto file = folder.put("t.csv", rows);
  const Dataset dataset = open_dataset(file);
  EXPECT_EQ(dataset.train.size(), 10u);
  EXPECT_EQ(dataset.train, open_dataset(file).train);
  EXPECT_NE(dataset.train, open_dataset(file, {.split_seed = 2}).train);
  const Dataset values = open_dataset(folder.put("n.csv", numbers));
  EXPECT_EQ(values.train.size(), 10u);
  EXPECT_EQ(values.val.size(), 4u);
  EXPECT_THAT(values.remarks, ElementsAre("a split was made up: 50/20/30 % (--split-seed 1)"));
}

TEST(TextTable, ShotsAreDrawnAsOfPhotos) {
  const TempFolder folder;
  std::string rows = "text,label,split\n", photos = "file,label,split\n";
  for (int i = 0; i < 30; ++i) {
    rows += fmt::format("{}.jpg,{},{}\n", i, i % 2, i < 28 ? "train" : "test");
    photos += fmt::format("{}.jpg,{},{}\n", i, i % 2, i < 28 ? "train" : "test");
  }
  const Dataset texts = few_shot(open_dataset(folder.put("t.csv", rows)), 4, 3);
  const Dataset same = few_shot(open_dataset(folder.put("p.csv", photos)), 4, 3);
  ASSERT_EQ(texts.train.size(), 8u);
  for (std::size_t i = 0; i < texts.train.size(); ++i)
    EXPECT_EQ(texts.train[i].input, same.train[i].input);
  EXPECT_ERROR(few_shot(texts, 5, 1), DataError, "has 4 train texts");
}

}  // namespace
}  // namespace graft::data
