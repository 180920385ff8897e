#include "graft/data/pair_source.h"

#include <gmock/gmock.h>

#include <memory>

#include "graft/data/batch.h"
#include "graft/data/dataset.h"
#include "graft/data/few_shot.h"
#include "tests/data/letter_tokenizer.h"
#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::data {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kTable =
    "file,split,caption,colour,text\n"
    "a.jpg,train,a red cap,red,x\nb.jpg,train,a blue cap,blue,x\nc.jpg,train,a red cap,red,x\nd.jpg,test,a "
    "bag,grey,x\n";

TEST(PairTable, HoldsPhotosWithTheirCaptionsWhereTheyAreAskedFor) {
  const TempFolder folder;
  const auto file = folder.put("caps.csv", kTable);
  const Dataset dataset = open_dataset(file, {.target = Target::caption});
  EXPECT_EQ(dataset.reads, Reads::photo);
  EXPECT_EQ(dataset.target, Target::caption);
  EXPECT_THAT(dataset.classes, IsEmpty());
  EXPECT_THAT(dataset.train,
              ElementsAre(Sample{.input = "a.jpg", .pair = "a red cap"}, Sample{.input = "b.jpg", .pair = "a blue cap"},
                          Sample{.input = "c.jpg", .pair = "a red cap"}));
  EXPECT_THAT(dataset.notes, Contains(HasSubstr("captions are read from the column 'caption', not from: text")));
  EXPECT_EQ(open_dataset(file, {.caption_column = "colour", .test_split = "train"}).train[1].pair, "blue");
}

TEST(PairTable, WhatIsMissingIsOneLineEach) {
  const TempFolder folder;
  const auto asked = DatasetOptions{.target = Target::caption};
  EXPECT_ERROR(open_dataset(folder.put("a.csv", "file,split,label\na.jpg,train,x\nb.jpg,test,y\n"), asked), DataError,
               "which column is it? Name it with --caption-column");
  EXPECT_ERROR(open_dataset(folder.put("b.csv", "caption,split\nx,train\ny,test\n"), asked), DataError,
               "which column is it? Name it with --image-column");
  EXPECT_ERROR(open_dataset(folder.put("c.csv", "file,split,caption\na.jpg,train,\nb.jpg,test,y\n"), asked), DataError,
               "c.csv:2: no caption in the column 'caption'");
  EXPECT_ERROR(
      open_dataset(folder.put("d.csv", "file,split,caption\na.jpg,train,x\nc.jpg,train,x\nb.jpg,test,y\n"), asked),
      DataError, "the caption is 'x' of all photos in train");
  EXPECT_ERROR(open_dataset(folder.put("e.csv", kTable), {.caption_column = "captoin"}), DataError,
               "Did you mean 'caption'?");
  EXPECT_ERROR(open_dataset(folder.put("f.csv", "text,label,split,caption\na,x,train,m\nb,y,train,n\nc,x,test,m\n"),
                            {.caption_column = "caption", .target = Target::label}),
               DataError, "--caption-column caption: tells photos' captions, and here texts are read");
  folder.put("g/train/cat/a.jpg", "");
  folder.put("g/test/cat/a.jpg", "");
  EXPECT_ERROR(open_dataset(folder.path() / "g", asked), DataError, "--label-kind caption");
}

// For a teacher that reads texts.
TEST(PairTable, ACaptionMayStandBesideAClass) {
  const TempFolder folder;
  const Dataset dataset = open_dataset(
      folder.put("caps.csv", "file,split,caption,colour\na.jpg,train,a red cap,red\nb.jpg,train,a blue cap,blue\n"),
      {.caption_column = "caption", .label_column = "colour", .target = Target::label, .test_split = "train"});
  EXPECT_EQ(dataset.target, Target::label);
  EXPECT_THAT(dataset.classes, ElementsAre("blue", "red"));
  EXPECT_THAT(dataset.train, ElementsAre(Sample{.input = "a.jpg", .label = 1, .pair = "a red cap"},
                                         Sample{.input = "b.jpg", .label = 0, .pair = "a blue cap"}));
  EXPECT_ERROR(open_dataset(folder.put("h.csv", "file,split,label,caption\na.jpg,train,x,\nb.jpg,test,y,z\n"),
                            {.caption_column = "caption", .target = Target::label}),
               DataError, "h.csv:2: no caption in the column 'caption'");
}

TEST(PairTable, ShotsAreSoManyPairsOfAll) {
  const TempFolder folder;
  const Dataset dataset = open_dataset(folder.put("caps.csv", kTable), {.target = Target::caption});
  const Dataset two = few_shot(dataset, 2, 1);
  EXPECT_THAT(two.train, SizeIs(2));
  EXPECT_EQ(two.test, dataset.test);
  EXPECT_THAT(two.val, IsEmpty());
  EXPECT_EQ(few_shot(dataset, 2, 1).train, two.train);
  EXPECT_ERROR(few_shot(dataset, 4, 1), DataError, "--shots 4");
}

TEST(PairSource, APhotoIsKnownByItsFileAndToldByItsCaptionsIds) {
  const TempFolder folder;
  folder.put("a.jpg", "some bytes");
  folder.put("b.jpg", "some bytes");
  const std::vector<Sample> samples = {{.input = "a.jpg", .pair = "abc"}, {.input = "b.jpg", .pair = "a"}};
  std::vector<Sample> texts;
  for (const auto& sample : samples)
    texts.push_back({.input = sample.pair});
  const PairSource source(
      std::make_shared<PhotoSource>(folder.path(), samples, ImageTransform(Preprocessing{})),
      std::make_shared<TextSource>(texts, std::make_shared<LetterTokenizer>(), 16, text::Truncation::kLongestFirst));
  EXPECT_EQ(source.reads(), Reads::photo);
  EXPECT_EQ(source.name(0), "a.jpg");
  EXPECT_EQ(source.content(0), source.content(1));
  EXPECT_THAT(source.caption(0), ElementsAre(1, 100, 101, 102, 2));
  EXPECT_THAT(captions_of(source, std::vector<std::int64_t>{1, 0}),
              ElementsAre(1, 100, 2, kNoToken, kNoToken, 1, 100, 101, 102, 2));
  EXPECT_THAT(captions_of(Selection(source, {1}), std::vector<std::int64_t>{0}), ElementsAre(1, 100, 2));
}

}  // namespace
}  // namespace graft::data
