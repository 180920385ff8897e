#include "graft/engine/photo_list.h"
#include "graft/engine/run_data.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <csignal>
#include <fstream>

#include "graft/core/signals.h"
#include "graft/engine/session.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/evaluate.h"
#include "graft/pipelines/features.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Heard final : public Reporter {
 public:
  void line(std::string_view label, std::string_view text) override {
    lines.push_back(fmt::format("{} {}", label, text));
  }
  void warn(std::string_view) override {}
  void note(const Note& note) override { notes.push_back(note.text); }
  void progress(const Progress&) override {}
  std::vector<std::string> lines, notes;
};

class Photos : public ::testing::Test {
 protected:
  Photos() { testing::make_tiny_world(folder_.path(), 3, 2, 2); }
  engine::AdaptOptions options(const std::string& method = "linear-probe") {
    auto o = testing::tiny_run(folder_.path(), method);
    o.train.epochs = 1;
    return o;
  }
  void spoil(const std::string& file) { std::ofstream(folder_.path() / "photos" / file) << "no photo"; }
  void put(const std::string& from, const std::string& file) {
    fs::create_directories((folder_.path() / "photos" / file).parent_path());
    fs::copy_file(source_dir() / "tests/golden/images/found" / from, folder_.path() / "photos" / file,
                  fs::copy_options::overwrite_existing);
  }
  template <class Work>
  static std::string error_of(Work&& work) {
    try {
      work();
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }

  TempFolder folder_;
  engine::Host host_;
  Heard heard_;
};

TEST_F(Photos, ThatCannotBeReadAreRefusedOrSkippedAlikeInFeaturesAndPredictions) {
  auto run = options();
  run.output = (folder_ / "run").string();
  adapt(run, {}, host_, heard_);
  spoil("test/red/00.bmp");
  fs::create_symlink("nowhere", folder_.path() / "photos/test/red/gone.jpg");

  FeaturesOptions f;
  f.model = run.model;
  f.data = run.data;
  f.split = "test";
  const auto refused = error_of([&] { features(f, host_, heard_); });
  EXPECT_THAT(refused, HasSubstr("2 photos cannot be read (--on-bad-file skip leaves them out)"));
  EXPECT_THAT(refused, HasSubstr("gone.jpg: a link to nowhere, which is not there"));
  f.data.on_bad_file = data::OnBadFile::skip;
  EXPECT_EQ(features(f, host_, heard_).features.size(0), 5);
  EXPECT_THAT(heard_.lines, Contains(HasSubstr("5 photos · 2 unreadable, left out")));

  PredictOptions p;
  p.run = run.output;
  p.model.threads = 1;
  p.files = {(folder_ / "photos/test").string()};
  EXPECT_THAT(error_of([&] { predict(p, host_, heard_); }), HasSubstr("2 photos cannot be read"));
  p.on_bad_file = data::OnBadFile::skip;
  EXPECT_EQ(predict(p, host_, heard_).predictions.files.size(), 5u);
}

TEST_F(Photos, OnlyThoseOfTheSplitThatIsAskedForAreRead) {
  auto run = options();
  run.output = (folder_ / "run").string();
  adapt(run, {}, host_, heard_);
  spoil("train/red/00.bmp");
  EvaluateOptions e;
  e.run = run.output;
  e.model.threads = 1;
  e.data = run.data;
  EXPECT_EQ(evaluate(e, host_, heard_).scores.count, 6);
  e.split = data::Split::train;
  EXPECT_THAT(error_of([&] { evaluate(e, host_, heard_); }), HasSubstr("train/red/00.bmp"));
}

TEST_F(Photos, OfADrawAreTheOnlyOnesThatAreRead) {
  auto o = options();
  engine::Session session(o.model, o.data, host_, heard_, {data::Split::train, data::Split::test}, 1);
  for (const auto& sample : session.dataset().train)
    EXPECT_EQ(session.images()->seen(session.dataset().path(sample)), nullptr);
  const auto drawn = session.draw(1, 1, heard_);
  EXPECT_EQ(drawn.train.size(), 3u);
  size_t read = 0;
  for (const auto& sample : session.dataset().train)
    read += session.images()->seen(session.dataset().path(sample)) != nullptr;
  EXPECT_EQ(read, 3u);
}

TEST_F(Photos, ThatAreDrawnAndCannotBeReadAreDrawnAgain) {
  auto o = options();
  const auto first = [&] {
    engine::Session session(o.model, o.data, host_, heard_, {data::Split::train, data::Split::test}, 1);
    return session.draw(1, 1, heard_);
  };
  const std::string drawn = first().train.front().input;
  spoil(drawn);
  EXPECT_THAT(error_of(first), HasSubstr(drawn));
  o.data.on_bad_file = data::OnBadFile::skip;
  const auto again = first();
  EXPECT_EQ(again.train.size(), 3u);
  EXPECT_THAT(again.train, Not(Contains(::testing::Field(&data::Sample::input, drawn))));
  EXPECT_THAT(heard_.lines, Contains("data of the photos drawn, 1 unreadable, left out"));
}

TEST_F(Photos, FindingsAreSaidOnceWithTheirCount) {
  put("exif_6.jpg", "train/red/a.jpg");
  put("exif_8.jpg", "train/red/b.jpg");
  put("damaged_cut_with_end.jpg", "train/blue/c.jpg");
  put("damaged_cut_with_end.jpg", "test/green/d.jpg");
  auto o = options();
  engine::Session(o.model, o.data, host_, heard_);
  EXPECT_THAT(heard_.notes, Contains("2 of 25 photos have an orientation tag that is not applied: --exif turn turns "
                                     "them upright"));
  EXPECT_THAT(heard_.notes, Contains(HasSubstr("2 photos are damaged, and read as Pillow reads them (c.jpg: Corrupt "
                                               "JPEG data: premature end of data segment; d.jpg: ")));
  EXPECT_THAT(heard_.notes,
              Contains("1 photo lies with the same bytes in two splits: train/blue/c.jpg = test/green/d.jpg"));
  EXPECT_THAT(heard_.notes, Contains("1 photo lies with the same bytes under two classes: train/blue/c.jpg = "
                                     "test/green/d.jpg"));
}

TEST_F(Photos, AreTurnedUprightWhereThatIsAskedForAndAsTheRunWasTrained) {
  put("exif_6.jpg", "test/red/a.jpg");
  auto run = options();
  FeaturesOptions f;
  f.model = run.model;
  f.data = run.data;
  f.data.data = (folder_ / "photos/test/red/a.jpg").string();
  f.at = "pixels";
  const auto kept = features(f, host_, heard_).features;
  f.data.exif = data::Exif::turn;
  const auto upright = features(f, host_, heard_).features;
  EXPECT_FALSE(torch::equal(kept, upright));
  EXPECT_THAT(heard_.notes, Contains("1 of 1 photos has an orientation tag: turned upright"));

  run.output = (folder_ / "run").string();
  run.data.exif = data::Exif::turn;
  const auto trained = adapt(run, {}, host_, heard_);
  EXPECT_EQ(engine::exif_of_run(run.output), data::Exif::turn);
  EvaluateOptions e;
  e.run = run.output;
  e.model.threads = 1;
  e.data = options().data;
  const auto loaded = evaluate(e, host_, heard_);
  EXPECT_TRUE(torch::equal(trained.test_predictions.probabilities, loaded.predictions.probabilities));
}

TEST_F(Photos, AStopIsHeardWhileTheyAreRead) {
  auto o = options();
  request_stop(SIGINT);
  EXPECT_THROW(engine::Session(o.model, o.data, host_, heard_), Stopped);
  EXPECT_THROW(engine::list_photos(o.data, ""), Stopped);
  request_stop(0);
}

TEST_F(Photos, BelowAFolderThatIsNamedKeepItsName) {
  const auto list = engine::list_photos({(folder_ / "photos/test").string(), "a.jpg"});
  ASSERT_EQ(list.files.size(), 7u);
  EXPECT_EQ(list.files.front(), (folder_ / "photos/test/blue/00.bmp").string());
  EXPECT_EQ(list.files.back(), "a.jpg");
}

}  // namespace
}  // namespace graft::pipelines
