#include "graft/methods/linear_probe/linear_probe.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/methods/linear_probe/logistic_regression.h"
#include "tests/methods/golden.h"
#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

class Regression : public ::testing::TestWithParam<std::string> {};

TEST_P(Regression, EqualsScikitLearns) {
  auto g = golden("logistic_regression");
  const auto found = linear_probe::solve(g["features"], g["labels"], 4, std::stod(GetParam()), {10'000, 1e-6});
  EXPECT_TRUE(found.converged);
  // Both stop at a small gradient, and the penalty at C = 10 leaves a flat valley.
  EXPECT_TRUE(torch::allclose(found.weight, g[GetParam() + ".weight"], 1e-3, 1e-4))
      << (found.weight - g[GetParam() + ".weight"]).abs().max().item<double>();
  // scikit-learn's intercepts, like ours, are unpenalised, so they are known up to a constant for all classes.
  const auto centred = [](const at::Tensor& b) { return b - b.mean(); };
  EXPECT_TRUE(torch::allclose(centred(found.bias), centred(g[GetParam() + ".bias"]), 1e-3, 1e-4));
}

INSTANTIATE_TEST_SUITE_P(Strengths, Regression, ::testing::Values("0.01", "0.316", "10.0"), [](const auto& info) {
  std::string name = "C" + info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
});

TEST(LinearProbe, TriesTheStrengthsThatCoOpsSearchTries) {
  auto g = golden("strengths");
  for (const std::string curve : {"peak", "flat"}) {
    std::vector<double> tried;
    const double chosen = linear_probe::search_strength([&](double c) {
      tried.push_back(c);
      return curve == "flat" ? 0.5 : 10 - std::abs(std::log10(c) - 0.7);
    });
    const auto found = torch::tensor(tried, torch::kFloat64);
    ASSERT_EQ(found.numel(), 23) << curve;
    EXPECT_TRUE(torch::allclose(found, g[curve + ".tried"], 1e-9, 0)) << curve << "\n" << found << g[curve + ".tried"];
    EXPECT_NEAR(chosen / g[curve + ".chosen"].item<double>(), 1, 1e-9);
  }
}

TEST(LinearProbe, ReadsThePlaceThatItsOptionNames) {
  const auto model = sites_only();
  const auto at = [&](const std::string& place) {
    return make_method("linear-probe", {{"at", place}})->head({model}).at;
  };
  EXPECT_EQ(at("block.0"), 2);  // 1 is what block 0 reads
  EXPECT_EQ(at("pooled"), model->reader().pooled());
  EXPECT_EQ(at("projected"), model->reader().last());
  for (const std::string wrong : {"block.12", "block.", "block.1x", "block.-1", "last", "input"}) {
    try {
      at(wrong);
      FAIL() << wrong << " was taken";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("block.0 to block.11, pooled or projected"));
    }
  }
}

// Two well separated clusters at one place, noise at every other.
FeatureSet clusters(bool separated, int64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(seed));
  const auto labels = torch::arange(40) % 2;
  auto features = at::randn({40, 6}, generator);
  if (separated) features.select(1, 0) += 8 * labels;
  return {features, labels};
}

TEST(LinearProbe, ChoosesTheBestPlaceOnTheValidationSplitAndKeepsItInItsOptions) {
  const auto model = sites_only();
  const auto method = make_method("linear-probe", {{"at", "best"}});
  Silent silent;
  const nn::Place good = model->reader().place_named("test", "block.7");
  method->decide(
      {model, {"a", "b"}, 0, 40},
      [&](data::Split split, nn::Place place, int64_t) {
        return clusters(place == good, split == data::Split::val ? 1 : 2);
      },
      silent);
  EXPECT_EQ(method->config().at("at"), "block.7");
  EXPECT_EQ(method->head({model}).at, good);
}

TEST(LinearProbe, WritesTheSolutionIntoTheHead) {
  const auto model = sites_only();
  const auto method = make_method("linear-probe", {});
  EXPECT_EQ(method->head({model}).kind, models::HeadKind::linear);
  EXPECT_EQ(method->recipe({model, {"a", "b"}, 0, 40}).epochs, 0);
  Random random(1);
  models::LinearHead head(6, 2, models::HeadInit::zero, random);
  const auto adaptation = method->attach({model, {"a", "b"}, 0, 40}, head, random);
  Silent silent;
  Stage stage{model,
              head,
              adaptation,
              [](data::Split split, nn::Place, int64_t) { return clusters(true, split == data::Split::val ? 1 : 2); },
              Random(1),
              silent};
  method->before_training(stage);
  const auto val = clusters(true, 1);
  nn::Context context;
  EXPECT_TRUE(head.forward(val.features, context).argmax(1).equal(val.labels));
}

}  // namespace
}  // namespace graft::methods
