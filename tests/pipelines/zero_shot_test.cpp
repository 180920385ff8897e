#include "graft/pipelines/zero_shot.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "graft/core/error.h"
#include "graft/models/clip/class_prompts.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

class ZeroShot : public ::testing::Test {
 protected:
  ZeroShot() { testing::make_tiny_world(folder_.path(), 2, 1, 3); }
  ZeroShotOptions options() { return testing::in_tiny_world<ZeroShotOptions>(folder_.path()); }

  TempFolder folder_;
  engine::Host host_;
  Silent silent_;
};

// Radford et al. 2021: scale times the cosine, class embeddings the mean of unit texts made unit again.
TEST_F(ZeroShot, AnEnsembleIsNormalisedTwice) {
  auto o = options();
  o.templates = "a photo of a {}.\na {} thing";
  const auto result = zero_shot(o, host_, silent_);
  ASSERT_EQ(result.predictions.files.size(), 9u);

  engine::Session session(o.model, o.data, host_, silent_, {data::Split::test});
  const auto& model = session.model();
  const torch::NoGradGuard no_grad;
  const auto unit = [](const at::Tensor& x) { return x / x.norm(2, 1, true); };
  at::Tensor sum;
  for (const std::string text : {"a photo of a {}.", "a {} thing"}) {
    models::ClassPrompts one(model, {"blue", "green", "red"}, {text});
    nn::Context context;
    const auto weights = unit(one.class_weights(context));
    sum = sum.defined() ? sum + weights : weights;
  }
  const auto test = session.source(session.dataset(), data::Split::test, {}, nullptr);
  const auto features = session.encoder().features(*test, model->reader().last(), silent_);
  const auto expected = torch::softmax(model->logit_scale() * torch::mm(unit(features), unit(sum).t()), 1);
  EXPECT_TRUE(
      torch::allclose(result.predictions.probabilities, expected, 1e-4, 1e-6));  // float32, another order of sums
  EXPECT_EQ(result.scores.count, 9);
}

TEST_F(ZeroShot, WritesARowAPhoto) {
  auto o = options();
  o.output = (folder_ / "p.jsonl").string();
  const auto result = zero_shot(o, host_, silent_);
  const auto text = content_of(o.output);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9);
  const auto row = nlohmann::json::parse(text.substr(0, text.find('\n')));
  EXPECT_EQ(row["label"], "blue");
  EXPECT_EQ(row["scores"].size(), 3u);
}

TEST_F(ZeroShot, ATemplateWithoutAPlaceForTheNameIsRefused) {
  auto o = options();
  o.templates = "a photo";
  EXPECT_THROW(zero_shot(o, host_, silent_), ConfigError);
}

TEST_F(ZeroShot, PhotosWithoutLabelsGoThroughTheSamePolicy) {
  auto o = options();
  o.data.data = (folder_ / "flat").string();
  for (int i = 0; i < 3; ++i)
    testing::write_bitmap(folder_.path() / "flat" / fmt::format("{}.bmp", i), 200, 60, 60, static_cast<uint64_t>(i));
  testing::write_bitmap(folder_.path() / "flat" / "@eaDir" / "0.bmp", 200, 60, 60, 9);
  std::ofstream(folder_.path() / "flat" / "bad.jpg") << "no photo";
  std::ofstream(folder_ / "names.txt") << "\xef\xbb\xbf"
                                       << "blue \r\nred\r\n";
  o.data.dataset.classes = (folder_ / "names.txt").string();
  EXPECT_THROW(zero_shot(o, host_, silent_), DataError);
  o.data.on_bad_file = data::OnBadFile::skip;
  const auto result = zero_shot(o, host_, silent_);
  EXPECT_EQ(result.predictions.files, (std::vector<std::string>{"0.bmp", "1.bmp", "2.bmp"}));
  EXPECT_EQ(result.classes, (std::vector<std::string>{"blue", "red"}));
}

}  // namespace
}  // namespace graft::pipelines
