// Whole runs on masks: photos of two halves, each of one of three colours, whose masks say the colours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/engine/run_data.h"
#include "graft/io/image_png.h"
#include "graft/io/index_png.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/evaluate.h"
#include "graft/pipelines/segment_evaluate.h"
#include "graft/pipelines/segment_train.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kWidth = 40, kHeight = 30;

// The left part of one colour, the right part of another; how far the left reaches is drawn.
void put_photo(const TempFolder& folder, const std::string& split, int number) {
  constexpr std::array<io::Colour, 3> kColours{{{200, 30, 30}, {30, 200, 30}, {30, 30, 200}}};
  std::mt19937 draw(static_cast<unsigned>(number) + (split == "test" ? 1000u : split == "val" ? 500u : 0u));
  const int left = static_cast<int>(draw() % 3), right = static_cast<int>((left + 1 + draw() % 2) % 3);
  const int edge = 10 + static_cast<int>(draw() % 21);
  io::Image photo{kWidth, kHeight, {}};
  io::IndexImage mask{kWidth, kHeight, {}, {}};
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const int colour = x < edge ? left : right;
      for (const auto value : kColours[static_cast<size_t>(colour)])
        photo.rgb.push_back(static_cast<std::uint8_t>(value + draw() % 20));
      mask.classes.push_back(y == 0 ? io::kIgnoredClass : static_cast<std::uint8_t>(colour));
    }
  }
  folder.put(fmt::format("data/images/{}/{}.png", split, number), io::encode_png(photo));
  folder.put(fmt::format("data/masks/{}/{}.png", split, number), io::encode_index_png(mask));
}

class Segmentation : public ::testing::Test {
 protected:
  Segmentation() {
    for (int i = 0; i < 12; ++i)
      put_photo(folder_, "train", i);
    for (int i = 0; i < 4; ++i) {
      put_photo(folder_, "val", i);
      put_photo(folder_, "test", i);
    }
    folder_.put("data/classes.txt", "red\ngreen\nblue\n");
  }
  engine::AdaptOptions options(const std::string& method) const {
    auto o = testing::tiny_run(testing::shared_tiny_world(), method);
    o.data.data = (folder_ / "data").string();
    o.output = (folder_ / "run").string();
    o.force = true;
    o.classifier.reset();
    return o;
  }
  template <class ErrorType, class Function>
  std::string error_of(Function&& function) {
    try {
      function();
    } catch (const ErrorType& error) {
      return error.what();
    }
    return "no error of this kind";
  }

  TempFolder folder_;
  engine::Host host_;
  Silent silent_;
};

TEST_F(Segmentation, ALinearHeadOnPatchesLearnsAndIsEvaluatedTheSame) {
  auto o = options("linear-probe");
  o.train.epochs = 60;
  o.train.lr = 1e-2;
  o.train.augmentation.reset();
  const auto result = adapt(o, {}, host_, silent_);
  EXPECT_TRUE(result.features_cached);
  EXPECT_EQ(result.test.count, 4);
  EXPECT_EQ(result.test.first().name, "miou");
  EXPECT_GT(result.test.first().value, 0.5);  // by nine patches a photo
  EXPECT_GT(result.test.value("pixel_accuracy"), 0.75);
  ASSERT_TRUE(result.test.first().interval);

  EvaluateOptions again;
  again.run = o.output;
  const auto evaluation = evaluate(again, host_, silent_);
  EXPECT_EQ(evaluation.scores.first().value, result.test.first().value);
  EXPECT_EQ(evaluation.classes, (std::vector<std::string>{"red", "green", "blue"}));

  // The same masks in another order of classes are told apart by their names.
  folder_.put("data/classes.txt", "2 blue\n1 green\n0 red\n");
  EXPECT_EQ(evaluate(again, host_, silent_).scores.first().value, result.test.first().value);
  folder_.put("data/classes.txt", "red\ngreen\nyellow\n");
  EXPECT_THAT(error_of<DataError>([&] { evaluate(again, host_, silent_); }), HasSubstr("yellow"));
}

TEST_F(Segmentation, MasksAndOverlaysAreWrittenAtThePhotosSize) {
  auto o = options("linear-probe");
  o.train.epochs = 60;
  o.train.lr = 1e-2;
  o.train.augmentation.reset();
  const auto result = adapt(o, {}, host_, silent_);
  PredictOptions predicting;
  predicting.run = o.output;
  predicting.files = {(folder_ / "data/images/test").string()};
  predicting.output = (folder_ / "seen").string();
  const auto predicted = predict(predicting, host_, silent_);
  EXPECT_EQ(predicted.scores.count, 0);
  for (int i = 0; i < 4; ++i) {
    const auto mask = io::read_index_png(folder_ / fmt::format("seen/masks/{}.png", i));
    EXPECT_EQ(mask.width, kWidth);
    EXPECT_EQ(mask.height, kHeight);
    EXPECT_EQ(mask.palette, io::pascal_colours());
    EXPECT_EQ(io::read_image(folder_ / fmt::format("seen/overlays/{}.png", i)).height, kHeight);
  }
  EXPECT_EQ(content_of(folder_ / "seen/classes.txt"), "red\ngreen\nblue\n");

  // What was written is what was scored: as clusters they are matched to their own classes.
  SegmentEvaluateOptions scoring;
  scoring.folder = predicting.output;
  scoring.masks = (folder_ / "data/masks/test").string();
  scoring.classes = "red,green,blue";
  const auto matched = evaluate_segments(scoring, silent_);
  EXPECT_EQ(matched.photos, 4);
  EXPECT_EQ(matched.missing, 0);
  EXPECT_EQ(matched.matched[0].class_of, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_NEAR(matched.matched[0].scores.miou, result.test.first().value, 1e-9);
  EXPECT_NEAR(matched.matched[0].scores.accuracy, result.test.value("pixel_accuracy"), 1e-9);

  predicting.files.push_back((folder_ / "data/images/val").string());
  EXPECT_THAT(error_of<DataError>([&] { predict(predicting, host_, silent_); }), HasSubstr("would both be written as"));
}

TEST_F(Segmentation, LoraBeneathLearnsOnCroppedPhotosAndGoesOnToTheSameBits) {
  auto o = options("lora");
  o.train.epochs = 4;
  o.train.lr = 1e-2;
  o.train.batch_size = 4;
  o.train.augmentation = methods::Augmentation::crop_flip;
  o.train.schedule = methods::ScheduleKind::constant;
  const auto whole = adapt(o, {}, host_, silent_);
  const auto head = content_of(folder_ / "run/head.safetensors"),
             inserts = content_of(folder_ / "run/adapter_model.safetensors");
  EXPECT_EQ(whole.steps, 12);
  o.output = (folder_ / "stopped").string();
  o.train.epochs = 2;
  adapt(o, {}, host_, silent_);
  resume(o.output, {{"epochs", "4"}}, host_, silent_);
  EXPECT_TRUE(content_of(folder_ / "stopped/head.safetensors") == head);
  EXPECT_TRUE(content_of(folder_ / "stopped/adapter_model.safetensors") == inserts);
}

TEST_F(Segmentation, AnotherMaskIsAnotherRun) {
  auto o = options("linear-probe");
  o.train.epochs = 1;
  o.train.schedule = methods::ScheduleKind::constant;
  o.train.augmentation.reset();
  adapt(o, {}, host_, silent_);
  const auto mask = folder_ / "data/masks/train/0.png";
  auto other = io::read_index_png(mask);
  other.classes[100] = static_cast<std::uint8_t>((other.classes[100] + 1) % 3);
  io::write_index_png(mask, other);
  EXPECT_THAT(error_of<DataError>([&] { resume(o.output, {{"epochs", "2"}}, host_, silent_); }), HasSubstr("photos"));
}

TEST_F(Segmentation, WhatCannotBeIsRefusedBeforeAnythingIsWritten) {
  auto o = options("coop");
  EXPECT_THAT(error_of<ConfigError>([&] { adapt(o, {}, host_, silent_); }), HasSubstr("a class is told of each pixel"));
  o = options("lora");
  o.train.augmentation = methods::Augmentation::rand_augment;
  EXPECT_THAT(error_of<ConfigError>([&] { adapt(o, {}, host_, silent_); }), HasSubstr("masks do not follow that"));
  o = options("lora");
  o.train.mix = "mixup";
  EXPECT_THAT(error_of<ConfigError>([&] { adapt(o, {}, host_, silent_); }), HasSubstr("each pixel has one"));
  put_photo(folder_, "train", 0);
  folder_.put("data/masks/train/1.png", io::encode_index_png({2, 1, {0, 1}, {}}));
  o = options("lora");
  EXPECT_THAT(error_of<DataError>([&] { adapt(o, {}, host_, silent_); }),
              HasSubstr("1.png: 2 x 1 pixels, and its photo"));
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(Segmentation, ShotsAreSoManyPhotos) {
  auto o = options("linear-probe");
  o.shots = 5;
  o.train.batch_size = 5;
  o.train.epochs = 1;
  o.train.augmentation.reset();
  EXPECT_EQ(adapt(o, {}, host_, silent_).steps, 1);
}

TEST_F(Segmentation, ARoundIsTrainedOnWhatTheOneBeforeTells) {
  fs::create_directories(folder_ / "seg");
  fs::copy(folder_ / "data/images/train", folder_ / "seg/images");
  fs::copy(folder_ / "data/masks/train", folder_ / "seg/masks");
  fs::copy_file(folder_ / "data/classes.txt", folder_ / "seg/classes.txt");
  auto o = options("linear-probe");
  o.data.data = (folder_ / "seg").string();
  o.output = (folder_ / "rounds").string();
  o.train.epochs = 40;
  o.train.lr = 1e-2;
  o.train.augmentation.reset();
  const auto rounds = train_segments(o, {}, {.rounds = 2}, host_, silent_).rounds;
  ASSERT_EQ(rounds.size(), 2u);
  EXPECT_GT(rounds[0].test.first().value, 0.4);
  // What a linear head has told a linear head learns well.
  EXPECT_GT(rounds[1].test.first().value, rounds[0].test.first().value);
  EXPECT_TRUE(fs::exists(folder_ / "rounds/masks-2/masks/0.png"));
  EXPECT_TRUE(fs::exists(folder_ / "rounds/masks/0.png"));  // by the last round
  EXPECT_THAT(rounds_below(folder_ / "rounds"), ElementsAre(folder_ / "rounds/round-1", folder_ / "rounds/round-2"));
  EXPECT_THAT(rounds_below(folder_ / "seg"), IsEmpty());
  EXPECT_EQ(engine::data_of_run(rounds[1].folder)->data, (folder_ / "rounds/masks-2").string());
  EXPECT_THAT(error_of<ConfigError>([&] { train_segments(o, {}, {.rounds = 0}, host_, silent_); }),
              HasSubstr("--rounds 0"));
}

// numpy's and scipy's scores of the same masks (tests/golden/make/segments.py).
TEST(SegmentEvaluation, IsThatOfNumpyAndScipy) {
  const auto golden = source_dir() / "tests/golden/segments";
  Silent silent;
  SegmentEvaluateOptions scoring;
  scoring.folder = (golden / "clusters").string();
  scoring.masks = (golden / "masks/test").string();
  scoring.classes = (golden / "classes.txt").string();
  scoring.edges = true;
  const auto found = evaluate_segments(scoring, silent);
  EXPECT_EQ(found.clusters, 5);
  EXPECT_EQ(found.missing, 1);
  std::ifstream stream(golden / "expected.json");
  const auto expected = nlohmann::json::parse(stream);
  for (const auto& matched : found.matched) {
    const auto& theirs = expected[matched.matching];
    EXPECT_EQ(matched.class_of, theirs["class_of"].get<std::vector<int64_t>>());
    EXPECT_NEAR(matched.scores.miou, theirs["miou"].get<double>(), 1e-12);
    EXPECT_NEAR(matched.scores.accuracy, theirs["accuracy"].get<double>(), 1e-12);
    for (size_t c = 0; c < 4; ++c) {
      EXPECT_NEAR(matched.scores.iou[c], theirs["iou"][c].get<double>(), 1e-12);
      EXPECT_NEAR(matched.edge_iou[c], theirs["edge_iou"][c].get<double>(), 1e-12);
    }
  }
}

TEST_F(Segmentation, ClustersWithoutATruthOrAMaskAreSaid) {
  SegmentEvaluateOptions scoring;
  scoring.folder = (folder_ / "data/masks/test").string();
  scoring.masks = (folder_ / "data/masks/val").string();
  const auto all = evaluate_segments(scoring, silent_);
  EXPECT_EQ(all.classes, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(all.photos, 4);
  EXPECT_TRUE(all.matched.front().edge_iou.empty());
  scoring.masks = scoring.folder;
  scoring.edges = true;
  EXPECT_EQ(evaluate_segments(scoring, silent_).matched.front().edge_miou, 1);
  scoring.masks = (folder_ / "data/masks/val").string();
  scoring.folder = (folder_ / "data/masks/train").string();
  EXPECT_EQ(evaluate_segments(scoring, silent_).beside, 8);
  std::swap(scoring.folder, scoring.masks);
  EXPECT_EQ(evaluate_segments(scoring, silent_).missing, 8);
  scoring.classes = "red,green";
  EXPECT_THAT(error_of<DataError>([&] { evaluate_segments(scoring, silent_); }), HasSubstr("is number 2"));
  scoring.masks = (folder_ / "none").string();
  EXPECT_THROW(evaluate_segments(scoring, silent_), FileError);
}

}  // namespace
}  // namespace graft::pipelines
