// Runs added into one adapter, and runs put on a model in part or on one another.
#include "graft/pipelines/merge_adapters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <fstream>

#include "graft/core/error.h"
#include "graft/engine/named_adapter.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/evaluate.h"
#include "graft/pipelines/features.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MergeAdapters : public ::testing::Test {
 protected:
  MergeAdapters() { testing::make_tiny_world(folder_.path(), 3, 1, 2); }

  std::string train(const std::string& name, const std::string& method, const OptionValues& method_options = {},
                    models::HeadKind classifier = models::HeadKind::linear, int64_t seed = 1) {
    auto run = testing::tiny_run(folder_.path(), method);
    run.train.lr = 1e-2;
    run.classifier = classifier;
    run.seed = seed;
    run.output = (folder_ / name).string();
    adapt(run, method_options, host_, silent_);
    return run.output;
  }
  MergedAdapter merge(const std::vector<std::string>& runs, const methods::Algebra& algebra, const std::string& to) {
    MergeOptions o;
    o.model.threads = 1;
    o.output = (folder_ / to).string();
    o.algebra = algebra;
    return merge_adapters(runs, o, host_, silent_);
  }
  at::Tensor features_of(const std::string& adapter) {
    auto o = testing::in_tiny_world<FeaturesOptions>(folder_.path());
    o.adapter = adapter;
    return features(o, host_, silent_).features;
  }
  std::string refusal(const std::vector<std::string>& runs, const methods::Algebra& algebra = {}) {
    try {
      merge(runs, algebra, "refused");
    } catch (const Error& error) {
      EXPECT_FALSE(fs::exists(folder_ / "refused"));
      return error.what();
    }
    return "nothing was refused";
  }
  static double distance(const at::Tensor& a, const at::Tensor& b) {
    return ((a - b).abs().max() / b.abs().max()).item<double>();
  }

  TempFolder folder_;
  engine::Host host_;
  Silent silent_;
};

TEST_F(MergeAdapters, TheSumIsBothOnOneAnotherAndARunLikeAnyOther) {
  const auto a = train("a", "lora", {{"rank", "2"}}),
             b = train("b", "lora", {{"rank", "3"}, {"target", "q,fc1"}}, models::HeadKind::linear, 2);
  const auto merged = merge({a + ":0.7", b + ":0.5"}, {}, "both");
  EXPECT_EQ(merged.rank, 7);  // q and v of one, q of the other
  EXPECT_EQ(merged.maps, 6);  // qkv and fc1 of three blocks
  EXPECT_THAT(merged.classes, ElementsAre("blue", "green", "red"));
  const auto both = features_of((folder_ / "both").string());
  EXPECT_LT(distance(both, features_of(a + ":0.7+" + b + ":0.5")), 1e-5);
  EXPECT_GT(distance(both, features_of(a)), 1e-4);

  // The head is the mean of both, by the weights.
  const auto bias = [](const fs::path& run) { return nn::read_tensors(run / "head.safetensors").at("bias"); };
  EXPECT_TRUE(torch::allclose(bias(folder_ / "both"), (0.7 * bias(a) + 0.5 * bias(b)) / 1.2, 1e-5, 1e-7));
  auto asked = testing::in_tiny_world<EvaluateOptions>(folder_.path());
  asked.run = (folder_ / "both").string();
  EXPECT_EQ(evaluate(asked, host_, silent_).predictions.files.size(), 6u);

  MergeOptions fold;
  fold.run = asked.run;
  fold.model.threads = 1;
  fold.output = (folder_ / "model").string();
  EXPECT_LT(pipelines::merge(fold, host_, silent_).largest_deviation, 1e-5);
}

TEST_F(MergeAdapters, AWholeOfOneIsItAndNoneOfItIsTheModel) {
  const auto a = train("a", "lora", {{"rank", "2"}});
  EXPECT_LT(distance(features_of(a + ":1"), features_of(a)), 1e-6);
  const auto frozen = features_of("");
  EXPECT_LT(distance(features_of(a + ":0"), frozen), 1e-5);
  EXPECT_GT(distance(features_of(a + ":0.5"), frozen), 1e-5);
  merge({a, a + ":-1"}, {methods::Combining::svd}, "nothing");
  EXPECT_LT(distance(features_of((folder_ / "nothing").string()), frozen), 1e-5);
  EXPECT_FALSE(fs::exists(folder_ / "nothing/head.safetensors"));  // weights that add to zero have no mean
}

// WiSE-FT: weights that trained go half the way.
TEST_F(MergeAdapters, OfParametersThatTrainedAPartIsTheInterpolation) {
  const auto run = train("b", "bias");
  const auto whole = features_of(run), part = features_of(run + ":0.5"), none = features_of(run + ":0");
  EXPECT_LT(distance(none, features_of("")), 1e-6);
  EXPECT_GT(distance(part, none), 1e-5);
  EXPECT_GT(distance(part, whole), 1e-5);
}

TEST_F(MergeAdapters, ClassPromptsServeTheClassesOfAll) {
  const auto prompts = models::HeadKind::prompts;
  const auto a = train("a", "lora", {{"rank", "2"}}, prompts), b = train("b", "lora", {{"rank", "2"}}, prompts, 2);
  auto config = content_of(fs::path(b) / "adapter_config.json");
  config.replace(config.find("\"blue\""), 6, "\"teal\"");
  std::ofstream(fs::path(b) / "adapter_config.json") << config;
  EXPECT_THAT(merge({a, b}, {methods::Combining::linear}, "both").classes, ElementsAre("blue", "green", "red", "teal"));
}

TEST_F(MergeAdapters, RunsThatDoNotAddAreNamed) {
  const auto a = train("a", "lora", {{"rank", "2"}}), v = train("v", "vpt");
  EXPECT_THAT(refusal({a, v}), HasSubstr("v is of vpt: adapters of lora alone are merged"));
  EXPECT_THAT(refusal({a, a}, {methods::Combining::ties}), HasSubstr("Give --density"));
  fs::copy(a, folder_ / "other", fs::copy_options::recursive);
  auto config = content_of(folder_ / "other/adapter_config.json");
  const auto at = config.find("\"fingerprint\": \"") + 16;
  config.replace(at, 4, "0000");
  std::ofstream(folder_ / "other/adapter_config.json") << config;
  EXPECT_THAT(refusal({a, (folder_ / "other").string()}), HasSubstr("other was trained on"));
  EXPECT_THAT(refusal({a, (folder_ / "no").string()}), HasSubstr("no/adapter_config.json cannot be read"));
}

TEST_F(MergeAdapters, ANameIsAPathAScaleOrBoth) {
  fs::create_directories(folder_ / "x:2");
  fs::create_directories(folder_ / "x");
  fs::create_directories(folder_ / "c++");
  const auto x = (folder_ / "x").string();
  EXPECT_EQ(engine::named_adapter(x + ":0.5").scale, 0.5);
  EXPECT_EQ(engine::named_adapter(x + ":2").folder, x + ":2");  // it is there
  EXPECT_EQ(engine::named_adapter(x + ":-1e-1").scale, -0.1);
  EXPECT_EQ(engine::named_adapter("no/such:0.5").folder, "no/such:0.5");
  EXPECT_THROW(engine::named_adapter(x + ":much"), UsageError);
  const auto two = engine::named_adapters((folder_ / "c++").string() + ":3+" + x);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].folder, folder_ / "c++");
  EXPECT_EQ(two[0].scale, 3);
  EXPECT_EQ(two[1].folder, x);
}

}  // namespace
}  // namespace graft::pipelines
