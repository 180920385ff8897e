#include "graft/engine/batch_mixing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/engine/prepared_run.h"
#include "tests/support/tiny_world.h"

namespace graft::engine {
namespace {

using ::testing::HasSubstr;

// A run of the tiny world with kept features, prepared and not begun.
struct Prepared {
  explicit Prepared(const std::string& method, const std::string& mix, const OptionValues& of_method = {},
                    std::optional<int64_t> epochs = 3) {
    options = testing::tiny_run(testing::shared_tiny_world(), method);
    options.train.mix = mix;
    options.train.epochs = epochs;
    options.classifier = models::HeadKind::linear;
    session = std::make_unique<Session>(options.model, options.data, Host{}, silent);
    run = std::make_unique<PreparedRun>(*session, options, of_method, silent);
  }
  AdaptOptions options;
  Silent silent;
  std::unique_ptr<Session> session;
  std::unique_ptr<PreparedRun> run;
};

TEST(BatchMixing, AClipIsOneExampleAllOfWhoseFramesAreMixedAlike) {
  const BatchMixing mixing{std::make_shared<plugins::Mixer>("mixup:partner=flipped"), 3, 2};
  nn::Value clips{torch::arange(12, at::kFloat).view({6, 2})};  // three clips of two frames
  clips.layout.frames = 2;
  const auto before = clips.x.clone();
  const auto mix = mixing.draw(plugins::MixPlace::input, 0, 0, clips);
  ASSERT_TRUE(mix);
  EXPECT_EQ(mix->partner.size(0), 3);
  mix_values(clips, *mix);
  const float kept = mix->kept[0].item<float>();
  EXPECT_EQ(clips.x.sizes(), before.sizes());
  for (int64_t frame = 0; frame < 2; ++frame) {
    EXPECT_TRUE(torch::allclose(clips.x[frame], kept * before[frame] + (1 - kept) * before[4 + frame]));
    EXPECT_TRUE(torch::allclose(clips.x[2 + frame], before[2 + frame]));  // the middle is its own partner
  }
}

TEST(BatchMixing, PixelsAreMixedBeforeTheModelRunsAndTheLabelsWithThem) {
  Prepared plain("linear-probe", "", {{"solver", "sgd"}}), mixed("linear-probe", "mixup", {{"solver", "sgd"}});
  EXPECT_TRUE(plain.run->cached());
  EXPECT_FALSE(mixed.run->cached());
  EXPECT_THAT(mixed.run->describe_features(), HasSubstr("training photos are mixed (mixup)"));
  const auto from = plain.run->batches(), to = mixed.run->batches();
  for (int i = 0; i < 3; ++i) {
    const auto a = from->next(), b = to->next();
    EXPECT_EQ(b.target.sizes(), (std::vector<int64_t>{a.target.size(0), 3}));
    EXPECT_TRUE(torch::allclose(b.target.sum(1), torch::ones({a.target.size(0)})));
    EXPECT_TRUE(torch::allclose(
        b.target.sum(0), torch::one_hot(a.target, 3).to(at::kFloat).sum(0)));  // one share for all, in another order
    EXPECT_FALSE(torch::equal(a.input.x, b.input.x));
  }
}

TEST(BatchMixing, ABatchIsMixedAlikeWhereverOneBegins) {
  Prepared mixed("lora", "mixup:prob=0.5,cutmix");
  const auto straight = mixed.run->batches(), sought = mixed.run->batches();
  for (int i = 0; i < 5; ++i)
    straight->next();
  sought->seek(1, 2);
  for (int i = 0; i < 3; ++i) {
    const auto a = straight->next(), b = sought->next();
    EXPECT_EQ(std::pair(a.epoch, a.number), std::pair(b.epoch, b.number));
    EXPECT_TRUE(torch::equal(a.input.x, b.input.x)) << i;
    EXPECT_TRUE(torch::equal(a.target, b.target)) << i;
  }
}

TEST(BatchMixing, KeptFeaturesAreMixedWhereTrainingBegins) {
  Prepared mixed("linear-probe", "mixup:at=features", {{"solver", "sgd"}});
  auto& run = *mixed.run;
  EXPECT_TRUE(run.cached());
  const auto batch = run.batches()->next();
  EXPECT_EQ(batch.target.dim(), 1);
  nn::Context context{.training = true};
  const double loss = run.objective->loss(batch, context).item<double>();

  const BatchMixing same{std::make_shared<plugins::Mixer>("mixup:at=features"),
                         Random(run.seed()).fork("mixing").seed(), 3};
  const auto mix = same.draw(plugins::MixPlace::features, 0, 0, batch.input);
  ASSERT_TRUE(mix);
  auto value = batch.input;
  mix_values(value, *mix);
  auto& tower = mixed.session->model()->reader();
  value = run.place < run.adapted.head_at ? tower.run(value, run.place, run.adapted.head_at, context) : value;
  const auto logits = run.adapted.head->answer(tower, value, context);
  const auto target = same.targets(batch.target, *mix);
  EXPECT_NEAR(loss, -(target * logits.log_softmax(1)).sum().item<double>(), 1e-5);
  EXPECT_NEAR(run.objective->weight_of(batch), static_cast<double>(batch.target.size(0)), 1e-9);
}

TEST(BatchMixing, ARandomPlaceIsAnyFromWhereTrainingBeginsToTheHead) {
  const BatchMixing mixing{std::make_shared<plugins::Mixer>("mixup:at=random"), 3, 2};
  std::vector<int> seen(8, 0);
  for (int64_t number = 0; number < 300; ++number)
    ++seen[static_cast<size_t>(mixing.place(0, number, 2, 6))];
  for (size_t place = 0; place < seen.size(); ++place)
    EXPECT_EQ(seen[place] > 0, place >= 2 && place <= 6) << place;

  Prepared mixed("lora", "mixup:at=random");
  const auto batches = mixed.run->batches();
  for (int i = 0; i < 6; ++i) {  // each place has its shape
    nn::Context context{.training = true};
    const auto loss = mixed.run->objective->loss(batches->next(), context);
    loss.backward();
    EXPECT_TRUE(loss.isfinite().item<bool>());
  }
}

TEST(BatchMixing, AMeanOverWeightsIsOverThoseOfTheMixedLabels) {
  Prepared mixed("linear-probe", "mixup:at=features,lambda=example,alpha=1", {{"solver", "sgd"}});
  auto& run = *mixed.run;
  run.task =
      tasks::find_task("classification").make({.loss = "cross-entropy:weights=1,2,7", .classes = run.dataset.classes});
  const auto batch = run.batches()->next();
  const BatchMixing same{std::make_shared<plugins::Mixer>(mixed.options.train.mix),
                         Random(run.seed()).fork("mixing").seed(), 3};
  const auto target = same.targets(batch.target, *same.draw(plugins::MixPlace::features, 0, 0, batch.input));
  ModelObjective objective(run.adapted, mixed.session->encoder(),
                           {.place = run.place, .task = run.task, .mixing = same}, nullptr, mixed.silent);
  EXPECT_NEAR(objective.weight_of(batch), (target * torch::tensor({1.0F, 2.0F, 7.0F})).sum().item<double>(), 1e-4);
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "taken";
}

TEST(BatchMixing, WhatIsNoExampleOfAClassOrHasNoPartnerIsRefusedInOneLine) {
  const auto of = [](data::Reads reads, data::Target target, int64_t batch_size, const char* mix = "mixup") {
    data::Dataset dataset;
    dataset.name = "things";
    dataset.reads = reads;
    dataset.target = target;
    return refusal([&] { check_mixing(plugins::Mixer(mix), dataset, batch_size); });
  };
  using data::Reads;
  using data::Target;
  EXPECT_THAT(of(Reads::text, Target::label, 8), HasSubstr("things holds texts"));
  EXPECT_THAT(of(Reads::photo, Target::value, 8), HasSubstr("a number is told"));
  EXPECT_THAT(of(Reads::photo, Target::label, 1), HasSubstr("--batch-size is 1"));
  EXPECT_EQ(of(Reads::clip, Target::label, 2), "taken");
  EXPECT_EQ(of(Reads::photo, Target::labels, 2), "taken");
  EXPECT_EQ(of(Reads::photo, Target::caption, 2, "mixgen"), "taken");
  EXPECT_THAT(of(Reads::photo, Target::caption, 1, "mixgen"), HasSubstr("--batch-size is 1"));
  EXPECT_THAT(of(Reads::photo, Target::caption, 2), HasSubstr("--mix mixup: mixes labels, and here are captions"));
  EXPECT_THAT(of(Reads::photo, Target::label, 2, "mixgen"), HasSubstr("--mix mixgen: joins captions"));
}

// Photos of one number each, with captions of so many ids.
class Captioned final : public data::SampleSource {
 public:
  explicit Captioned(const std::vector<int64_t>& lengths)
      : SampleSource(std::vector<data::Sample>(lengths.size(), data::Sample{.input = "a.jpg"})) {
    for (const auto length : lengths)
      ids_.emplace_back(static_cast<size_t>(length), 5);
  }
  data::Reads reads() const override { return data::Reads::photo; }
  std::string content(int64_t) const override { return ""; }
  void read(int64_t, Random, data::Row&) const override {}
  std::span<const int32_t> caption(int64_t i) const override { return ids_[static_cast<size_t>(i)]; }

 private:
  std::vector<std::vector<int32_t>> ids_;
};

TEST(BatchMixing, ACaptionThatLeavesNoRoomForASecondIsRefusedByName) {
  Silent silent;
  const plugins::TextFrame frame{.most = 10};
  EXPECT_EQ(refusal([&] { check_joining(Captioned({9, 4, 3}), frame, silent); }), "taken");
  EXPECT_THAT(refusal([&] {
                check_joining(Captioned({10, 4, 3}), frame, silent);
              }),
              HasSubstr("1 caption takes all 10 tokens that are read (the first: a.jpg)"));
}

TEST(BatchMixing, AMethodWithoutGradientStepsMixesNothingAndSaysSo) {
  EXPECT_THAT(refusal([] { Prepared run("linear-probe", "mixup", {}, {}); }), HasSubstr("takes no gradient steps"));
  EXPECT_THAT(refusal([] { Prepared run("lora", "mixop"); }), HasSubstr("Did you mean 'mixup'?"));
}

}  // namespace
}  // namespace graft::engine
