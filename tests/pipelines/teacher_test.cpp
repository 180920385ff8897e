// Runs with a teacher: what it says comes to the example that it is of, whatever the way, and only there.
#include "graft/engine/teacher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/io/yaml_options.h"
#include "graft/models/clip/class_prompts.h"
#include "graft/models/sources.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/evaluate.h"
#include "graft/train/run_folder.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using plugins::Compared;
using ::testing::HasSubstr;

class WithTeacher : public ::testing::Test {
 protected:
  engine::AdaptOptions options(const std::string& method, const std::string& distil = "") {
    auto o = testing::tiny_run(world_, method);
    o.teacher.teacher = clip_;
    o.teacher.distil = distil;
    return o;
  }
  AdaptResult run(engine::AdaptOptions o, const OptionValues& method_options = {}) {
    if (!o.output.empty()) o.output = (out_ / o.output).string();
    return adapt(o, method_options, host_, silent_);
  }
  engine::Session session(const engine::AdaptOptions& o) { return {o.model, o.data, host_, silent_}; }
  at::Tensor asked(const engine::AdaptOptions& o, Compared what) {
    auto with = session(o);
    return engine::ask_teacher(o.teacher, {with.dataset(), {"a photo of a {}."}, what}, with, silent_);
  }
  std::string bytes(const std::string& run, const char* file = "adapter_model.safetensors") {
    return content_of(out_ / run / file);
  }
  template <class Function>
  std::string error_of(Function&& function) {
    try {
      function();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  // What the data says of its training examples, as a file of features with the classes' own: sure of each class.
  std::string told_by_labels(const engine::AdaptOptions& o, double scale) {
    auto with = session(o);
    const auto& train = with.dataset().train;
    std::string files;
    auto rows = at::zeros({static_cast<int64_t>(train.size()), 3});
    for (size_t i = 0; i < train.size(); ++i) {
      const auto place = static_cast<int64_t>(train.size() - 1 - i);  // by names, and not by order
      rows[place][train[i].label] = 1;
    }
    for (size_t i = train.size(); i-- > 0;)
      files += fmt::format("{}\"{}\"", files.empty() ? "[" : ",", train[i].shown());
    const auto file = (out_ / "told.safetensors").string();
    nn::write_tensors(
        file,
        {{"features", rows}, {"class_features", at::eye(3)}, {"logit_scale", torch::tensor(scale, torch::kDouble)}},
        {{"files", files + "]"}});
    return file;
  }
  // The tiny world's photos with a caption each; of a colour's photos all say it, each with a number of its own.
  std::string captions() {
    std::string table = "file,split,label,caption\n";
    for (const char* split : {"train", "val", "test"}) {
      for (const char* colour : {"blue", "green", "red"}) {
        const auto folder = world_ / "photos" / split / colour;
        int i = 0;
        std::vector<fs::path> photos(fs::directory_iterator(folder), {});
        std::ranges::sort(photos);
        for (const auto& photo : photos)
          table += fmt::format("{},{},{},a {} thing {}\n", photo.string(), split, colour, colour, i++);
      }
    }
    std::ofstream(out_ / "captions.csv") << table;
    return (out_ / "captions.csv").string();
  }

  fs::path world_ = testing::shared_tiny_world();
  std::string clip_ = (world_ / "clip").string();
  TempFolder out_;
  engine::Host host_;
  Silent silent_;
};

TEST_F(WithTeacher, AClipAnswersByItsClassPrompts) {
  const auto o = options("lora");
  auto with = session(o);
  const torch::NoGradGuard no_grad;
  const auto source = with.source(with.dataset(), data::Split::train, {}, nullptr);
  const auto rows = with.encoder().features(*source, with.model()->reader().last(), silent_);
  const models::ClassPrompts prompts(with.model(), {"blue", "green", "red"}, {"a photo of a {}."});
  nn::Context context;
  EXPECT_TRUE(torch::allclose(asked(o, Compared::answers), prompts.forward(rows, context), 1e-4, 1e-4));
  EXPECT_TRUE(torch::equal(asked(o, Compared::features), rows));
}

TEST_F(WithTeacher, ARunAnswersAsItIsEvaluated) {
  for (const char* method : {"lora", "linear-probe"}) {
    auto o = testing::tiny_run(world_, method);
    o.output = method;
    run(o);
    auto of = testing::in_tiny_world<EvaluateOptions>(world_);
    of.run = (out_ / method).string();
    of.split = data::Split::train;
    const auto expected = evaluate(of, host_, silent_).predictions.probabilities;
    auto taught = options("lora");
    taught.teacher.teacher = of.run;
    const auto answers = asked(taught, Compared::answers);
    EXPECT_TRUE(torch::allclose(answers.softmax(1), expected, 1e-5, 1e-6)) << method;
    EXPECT_EQ(asked(taught, Compared::features).size(0), 18) << method;
  }
}

// The labels count nothing here: who learns, learns it of the teacher, each example of its own row.
TEST_F(WithTeacher, WhatItSaysComesToItsExample) {
  for (const bool kept : {false, true}) {
    auto o = options(kept ? "linear-probe" : "lora", "kl:alpha=1,temperature=1");
    o.classifier = models::HeadKind::linear;
    o.teacher.teacher = told_by_labels(o, 20);
    o.train.epochs = 30;
    o.train.lr = kept ? 0.1 : 1e-2;
    const OptionValues sgd = kept ? OptionValues{{"solver", "sgd"}} : OptionValues{};
    const auto taught = run(o, sgd);
    EXPECT_EQ(taught.features_cached, kept);
    EXPECT_GE(taught.test.first().value, 0.9) << kept;
    o.teacher.shuffle = true;
    EXPECT_LE(run(o, sgd).test.first().value, 0.75) << kept;
  }
}

TEST_F(WithTeacher, ShuffledRowsAreTheSameRowsBySeed) {
  const auto rows = torch::arange(40).view({20, 2}).to(at::kFloat);
  const auto one = engine::shuffled(rows, Random(1));
  EXPECT_FALSE(torch::equal(one, rows));
  EXPECT_TRUE(torch::equal(std::get<0>(one.sort(0)), rows));
  EXPECT_TRUE(torch::equal(one, engine::shuffled(rows, Random(1))));
  EXPECT_FALSE(torch::equal(one, engine::shuffled(rows, Random(2))));
}

class StopsAfterAnEpoch : public Reporter {
  void line(std::string_view, std::string_view) override {}
  void warn(std::string_view) override {}
  void progress(const Progress& p) override {
    if (p.stage == "train" && p.done > 20) request_stop(SIGINT);
  }
};

TEST_F(WithTeacher, AResumedRunEndsOnTheSameBits) {
  for (const std::string distil : {"kl", "feature-matching:regressor=true", "relational"}) {
    auto o = options("lora", distil);
    o.train.augmentation = methods::Augmentation::crop_flip;
    o.teacher.shuffle = distil == "relational";
    const auto name = distil.substr(0, 4);
    o.output = name;
    run(o);
    o.output = name + "-other-workers";
    o.data.workers = 3;
    run(o);
    EXPECT_EQ(bytes(name), bytes(o.output)) << distil;
    StopsAfterAnEpoch stops;
    o.output = (out_ / (name + "-parts")).string();
    EXPECT_EQ(adapt(o, {}, host_, stops).stopped_by, SIGINT);
    request_stop(0);
    engine::AdaptOptions rest;
    rest.resume = o.output;
    run(rest);
    EXPECT_EQ(bytes(name), bytes(name + "-parts")) << distil;
    EXPECT_EQ(io::read_yaml_options(out_ / name / "config.yaml").at("distil"), distil);
    o.teacher = {};
    o.output = name + "-plain";
    run(o);
    EXPECT_NE(bytes(name), bytes(name + "-plain")) << distil;
  }
}

// What trains beside the model to compare rows is no part of what is saved, and its numbers are those of a resumed run.
TEST_F(WithTeacher, AMapBetweenWidthsTrainsAndIsNotKept) {
  auto o = options("lora", "feature-matching:weight=0.1");
  o.teacher.teacher = told_by_labels(o, 1);
  o.output = "run";
  const auto result = run(o);
  auto plain = testing::tiny_run(world_, "lora");
  EXPECT_EQ(result.trained_parameters, run(plain).trained_parameters);
  for (const auto& [name, tensor] : nn::read_tensors(out_ / "run" / "adapter_model.safetensors"))
    EXPECT_EQ(name.find("regressor"), std::string::npos) << name;
  const auto state = nn::read_tensors(out_ / "run" / "checkpoints" / "last" / "state.safetensors");
  EXPECT_TRUE(std::ranges::any_of(
      state, [](const auto& one) { return one.first.find("distillation.regressor.weight") != std::string::npos; }));
}

TEST_F(WithTeacher, AnotherTeacherIsAnotherRun) {
  auto o = options("lora", "relational");
  o.teacher.teacher = told_by_labels(o, 1);
  o.output = "run";
  run(o);
  engine::AdaptOptions rest;
  rest.resume = (out_ / "run").string();
  EXPECT_EQ(error_of([&] { run(rest); }), "no error");
  auto tensors = nn::read_tensors(o.teacher.teacher);
  const auto metadata = io::SafetensorsFile::open(o.teacher.teacher).metadata();
  tensors["features"][0][0] += 1;
  nn::write_tensors(o.teacher.teacher, tensors, {metadata.begin(), metadata.end()});
  EXPECT_THAT(error_of([&] { run(rest); }), HasSubstr("its teacher has changed since it began"));
  EXPECT_NE(engine::teacher_content(clip_, host_.environment),
            engine::teacher_content(o.teacher.teacher, host_.environment));
}

// A text tower teaches an image tower by captions, of classes and of pairs.
TEST_F(WithTeacher, ATextTowerTeachesAnImageTowerByCaptions) {
  for (const auto target : {data::Target::label, data::Target::caption}) {
    auto o = options("lora", "relational");
    o.data.data = captions();
    o.data.dataset.caption_column = "caption";
    o.data.dataset.target = target;
    o.teacher.reads = data::Reads::text;
    auto with = session(o);
    const auto rows = engine::ask_teacher(o.teacher, {with.dataset(), {}, Compared::features}, with, silent_);
    EXPECT_EQ(rows.sizes(), (std::vector<int64_t>{18, 12}));
    const auto ids = models::caption_ids(*with.model(), {with.dataset().train[7].pair}, {});
    const auto expected = with.model()->need(nn::Tower::text).encode({ids}, {}).detach();
    EXPECT_TRUE(torch::allclose(rows[7], expected[0], 1e-4, 1e-4));
    o.output = option::print(target);
    run(o);
    o.teacher.shuffle = true;
    o.output += "-shuffled";
    run(o);
    EXPECT_NE(bytes(option::print(target)), bytes(o.output));
  }
}

// The other way round: of a run on pairs whose text tower alone trains the captions' rows are taught.
TEST_F(WithTeacher, AnImageTowerTeachesATextTower) {
  auto o = options("lora");
  o.data.data = captions();
  o.data.dataset.target = data::Target::caption;
  o.output = "taught";
  run(o, {{"tower", "text"}});  // relational by default
  o.teacher = {};
  o.output = "alone";
  run(o, {{"tower", "text"}});
  EXPECT_NE(bytes("taught"), bytes("alone"));
}

TEST_F(WithTeacher, ARunOnFeaturesLearnsOfAFile) {
  auto on_photos = options("linear-probe");
  const auto teacher = told_by_labels(on_photos, 20);
  auto o = on_photos;
  o.model.model.clear();
  o.data.data = teacher;
  o.data.dataset.train_split = o.data.dataset.test_split = "train";
  o.teacher.teacher = teacher;
  o.teacher.distil = "kl:alpha=1";
  o.train.epochs = 20;
  o.train.lr = 0.1;
  EXPECT_EQ(run(o, {{"solver", "sgd"}}).test.first().value, 1);
  o.teacher.teacher = clip_;
  EXPECT_THAT(error_of([&] { run(o, {{"solver", "sgd"}}); }), HasSubstr("holds features"));
}

TEST_F(WithTeacher, WhatCannotTeachIsRefusedInALine) {
  const auto refused = [&](const std::string& method, const std::function<void(engine::AdaptOptions&)>& change,
                           const OptionValues& own = {}) {
    auto o = options(method);
    change(o);
    o.output = "refused";
    const auto said = error_of([&] { run(o, own); });
    EXPECT_FALSE(fs::exists(out_ / "refused" / "config.yaml"));
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
    return said;
  };
  using O = engine::AdaptOptions;
  EXPECT_THAT(refused("lora", [](O& o) { o.teacher = {.teacher = "", .distil = "kl"}; }), HasSubstr("who teaches?"));
  EXPECT_THAT(refused("lora", [](O& o) { o.teacher.distil = "kullback"; }),
              HasSubstr("no way to learn from a teacher 'kullback'"));
  EXPECT_THAT(refused("lora", [](O& o) { o.train.mix = "mixup"; }), HasSubstr("[teacher] --mix mixup"));
  EXPECT_THAT(refused("linear-probe", [](O& o) { o.train.epochs.reset(); }), HasSubstr("takes no gradient steps"));
  EXPECT_THAT(refused("linear-probe", [](O& o) { o.teacher.distil = "relational"; }, {{"solver", "sgd"}}),
              HasSubstr("changes nothing below the head"));
  EXPECT_THAT(refused("lora",
                      [](O& o) {
                        o.teacher.distil = "relational";
                        o.train.batch_size = 2;
                      }),
              HasSubstr("Expected 3 or more"));
  EXPECT_THAT(refused("lora",
                      [](O& o) {
                        o.teacher.reads = data::Reads::text;
                        o.teacher.distil = "relational";
                      }),
              HasSubstr("--caption-column"));
  EXPECT_THAT(refused("lora",
                      [&](O& o) {
                        o.data.data = captions();
                        o.data.dataset.target = data::Target::caption;
                        o.teacher.distil = "kl";
                      }),
              HasSubstr("compares answers of which one is right"));
  // Of other classes.
  TempFolder other;
  for (const char* split : {"train", "test"}) {
    for (const char* name : {"blue", "mauve"}) {
      for (int i = 0; i < 4; ++i)
        testing::write_bitmap(other / split / name / fmt::format("{}.bmp", i), 40 * i, 90, 150, 7);
    }
  }
  auto o = testing::tiny_run(world_, "lora");
  o.data.data = other.path().string();
  o.output = "other";
  run(o);
  EXPECT_THAT(refused("lora", [&](O& of) { of.teacher.teacher = (out_ / "other").string(); }),
              HasSubstr("knows 2 classes, and not 'green', 'red' of photos: it has no answer for them"));
  auto features = options("lora", "relational");  // which teach whatever it knows
  features.teacher.teacher = (out_ / "other").string();
  EXPECT_EQ(error_of([&] { run(features); }), "no error");
}

TEST_F(WithTeacher, AFileOfFeaturesNeedsARowForEachExample) {
  auto o = options("lora", "relational");
  o.teacher.teacher = told_by_labels(o, 1);
  auto tensors = nn::read_tensors(o.teacher.teacher);
  nn::write_tensors(o.teacher.teacher, {{"features", tensors["features"].narrow(0, 0, 17)}});
  EXPECT_THAT(error_of([&] { run(o); }), HasSubstr("has 17 rows without names, for 18 training photos"));
  nn::write_tensors(o.teacher.teacher, {{"features", tensors["features"].narrow(0, 0, 1)}}, {{"files", "[\"a.bmp\"]"}});
  EXPECT_THAT(error_of([&] { run(o); }), HasSubstr("has no row for 18 of 18 training photos"));
  nn::write_tensors(o.teacher.teacher, {{"features", tensors["features"]}});
  EXPECT_EQ(error_of([&] { run(o); }), "no error");  // in their order
  o.teacher.distil = "kl";
  EXPECT_THAT(error_of([&] { run(o); }), HasSubstr("no class features"));
}

}  // namespace
}  // namespace graft::pipelines
