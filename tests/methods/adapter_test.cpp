#include "graft/methods/adapter/adapter.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/methods/initial.h"
#include "graft/tensor/resting.h"
#include "tests/methods/golden.h"
#include "tests/methods/sites_only.h"
#include "tests/methods/small_models.h"
#include "tests/support/gradient_check.h"

namespace graft::methods {
namespace {

using adapter::Bottleneck;
using adapter::Init;

at::Tensor layer_norm(const at::Tensor& x) {
  return torch::layer_norm(x, {8});
}

// An adapter of the golden's weights around the golden's frozen sub-layer.
at::Tensor run(const std::map<std::string, at::Tensor>& g, Bottleneck::Shape shape) {
  Random random(1);
  shape.width = 8;
  shape.inner = 4;
  Bottleneck insert(shape, Init::bert, 0, random);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : insert.named_parameters())
    if (g.contains(parameter.key())) parameter.value().copy_(g.at(parameter.key()));
  const auto body = [&](const at::Tensor& u) { return torch::matmul(u, g.at("frozen").t()); };
  const nn::Frozen frozen([&](const at::Tensor& u) { return layer_norm(u); }, body);
  return insert.forward(g.at("x"), frozen, {});
}

bool close(const at::Tensor& a, const at::Tensor& b) {
  return torch::allclose(a, b, 1e-5, 1e-5);
}  // float32

TEST(Adapter, EveryVariantEqualsItsPublishedForm) {
  const auto g = golden("bottleneck");
  EXPECT_TRUE(close(run(g, {.gelu = true}), g.at("houlsby")));
  EXPECT_TRUE(close(run(g, {}), g.at("pfeiffer")));
  EXPECT_TRUE(close(run(g, {.parallel = true}), g.at("parallel")));
  EXPECT_TRUE(close(run(g, {.parallel = true, .scale = 4}), g.at("scaled-parallel")));
  EXPECT_TRUE(close(run(g, {.parallel = true, .reads_norm = false}), g.at("stream")));
}

// 2 adapters a block of 2 * 768 * 64 + 768 + 64 numbers, twelve blocks: what BERT-base trains beside its layer norms.
TEST(Adapter, HoulsbysTrainsWhatItTrainsOnBertBase) {
  const auto built = on_sites("adapter", {});
  EXPECT_EQ(built.inserted(), 2'379'264);
  EXPECT_EQ(built.adaptation.bindings.size(), 24u);
}

TEST(Adapter, TheOthersSitAtTheMlpAlone) {
  const auto pfeiffer = on_sites("adapter", {{"variant", "pfeiffer"}});
  EXPECT_EQ(pfeiffer.adaptation.bindings.size(), 12u);
  EXPECT_EQ(pfeiffer.inserted(), 12 * (2 * 768 * 48 + 768 + 48));  // 768 / 16
  EXPECT_TRUE(pfeiffer.adaptation.trained.empty());
  const auto parallel = on_sites("adapter", {{"variant", "scaled-parallel"}, {"bottleneck", "30"}});
  EXPECT_EQ(parallel.inserted(), 12 * (2 * 768 * 30 + 768 + 30));
}

TEST(Adapter, StartsAsItsPaperSays) {
  const auto of = [](const OptionValues& options) {
    return on_sites("adapter", options).adaptation.bindings.front().insert->named_parameters();
  };
  const auto houlsby = of({});
  EXPECT_LE(houlsby["down_weight"].abs().max().item<double>(), 2e-3);        // cut at two deviations of 1e-3
  EXPECT_NEAR(houlsby["up_weight"].std().item<double>(), 0.88e-3, 0.02e-3);  // what the cut leaves of 1e-3
  EXPECT_NEAR(of({{"variant", "pfeiffer"}})["up_weight"].std().item<double>(), 0.02, 0.001);
  EXPECT_EQ(of({{"variant", "parallel"}})["up_weight"].abs().max().item<double>(), 0);
  EXPECT_GT(of({{"variant", "parallel"}, {"init", "bert"}})["up_weight"].abs().max().item<double>(), 0);
}

TEST(Adapter, AParallelOneStartsAsTheFrozenModel) {
  Random random(1);
  Bottleneck insert({.width = 8, .inner = 4, .parallel = true, .scale = 4}, Init::lora, 0, random);
  const auto x = torch::randn({2, 3, 8});
  const nn::Frozen frozen([](const at::Tensor& u) { return layer_norm(u); }, [](const at::Tensor& u) { return 2 * u; });
  EXPECT_TRUE(torch::equal(insert.forward(x, frozen, {}), frozen(x)));
}

// Chen et al. 2022: 64 beside each MLP, 2 * 768 * 64 + 768 + 64 numbers a block of ViT-B.
TEST(Adapter, AdaptFormerAndAdapterPlusAreWhatTheirPapersTrainOnViTB) {
  const auto adaptformer = on_sites("adapter", {{"variant", "adaptformer"}});
  EXPECT_EQ(adaptformer.inserted(), 12 * (2 * 768 * 64 + 768 + 64));
  // Steitz and Roth 2024: rank 8 behind each block, and a scale a channel.
  const auto plus = on_sites("adapter", {{"variant", "adapter-plus"}});
  EXPECT_EQ(plus.inserted(), 12 * (2 * 768 * 8 + 768 + 8 + 768));
  EXPECT_TRUE(plus.adaptation.trained.empty());
  const auto start = plus.adaptation.bindings.front().insert->named_parameters();
  EXPECT_TRUE(start["scale"].eq(1).all().item<bool>());
  EXPECT_LE(start["down_weight"].abs().max().item<double>(), 2e-2);
}

// Karimi Mahabadi et al. 2021: O(k + d) numbers an adapter of the widths d and k, and 4^3 for all together. On BERT's
// widths 24 adapters of 2 (768 + 24) + 768 + 24; on T5-base's 48, beside 62 norms of 768, 0.073 % of 222.9 M.
TEST(Adapter, CompacterHasOneRuleForAllAndRankOneFactors) {
  const auto built = on_sites("adapter", {{"variant", "compacter"}});
  EXPECT_EQ(built.inserted(), 24 * (2 * (768 + 24) + 768 + 24) + 64);
  EXPECT_NEAR((48 * 2376 + 64 + 62 * 768) / 222.9e6, 0.00073, 0.000005);
  const auto plus = on_sites("adapter", {{"variant", "compacter"}, {"place", "feed-forward"}});
  EXPECT_EQ(plus.inserted(), 12 * 2376 + 64);
  const auto wider = on_sites("adapter", {{"variant", "compacter"}, {"phm", "16"}});  // 768 / 32 is no multiple of 16
  EXPECT_EQ(wider.inserted(), 24 * (2 * (768 + 32) + 768 + 32) + 16 * 16 * 16);
  const auto first = built.adaptation.bindings.front().insert->named_parameters();
  EXPECT_EQ(first["phm_rule"].numel(), 64);
  EXPECT_FALSE(built.adaptation.bindings.back().insert->named_parameters().contains("phm_rule"));
  EXPECT_LE(first["down.left"].abs().max().item<double>(), std::sqrt(12.0 / 193));  // sqrt(2) sqrt(6 / (768 / 4 + 1))
}

// By PyTorch's own Kronecker product.
TEST(Adapter, AMapOfPhmIsASumOfKroneckerProducts) {
  Random random(5);
  const adapter::SharedRule rule(2, random);
  const adapter::Phm map(6, 4, rule, random);
  const auto parameters = map.named_parameters();
  auto want = torch::zeros({6, 4});
  for (int i = 0; i < 2; ++i)
    want += torch::kron(rule.rule()[i], torch::mm(parameters["left"][i], parameters["right"][i]));
  EXPECT_TRUE(torch::allclose(map.weight(), want.t(), 1e-6, 1e-9));
}

// Every point of He et al.'s design space, a block's sub-layer by hand.
TEST(Adapter, FormPlaceAndCompositionAreChosenApart) {
  for (const auto& [place, sites] :
       {std::pair{"attention", 12u}, std::pair{"feed-forward", 12u}, std::pair{"both", 24u}}) {
    for (const char* form : {"sequential", "parallel"}) {
      for (const char* composition : {"add", "learned", "channel", "gated"}) {
        const auto built =
            on_sites("adapter", {{"form", form}, {"place", place}, {"composition", composition}, {"bottleneck", "2"}});
        EXPECT_EQ(built.adaptation.bindings.size(), sites);
        const int64_t more = std::string(composition) == "learned"   ? 1
                             : std::string(composition) == "channel" ? 768
                             : std::string(composition) == "gated"   ? 769
                                                                     : 0;
        EXPECT_EQ(built.inserted(), static_cast<int64_t>(sites) * (2 * 768 * 2 + 768 + 2 + more));
      }
    }
  }
}

TEST(Adapter, ComposesAsItSays) {
  const auto g = golden("bottleneck");
  const auto x = g.at("x");
  const auto h = torch::matmul(layer_norm(x), g.at("frozen").t());
  const auto d = run(g, {}) - h;  // of a sequential one, ReLU
  EXPECT_TRUE(close(run(g, {.composition = adapter::Composition::learned, .scale = 3}), h + 3 * d));
  EXPECT_TRUE(close(run(g, {.composition = adapter::Composition::channel, .scale = 0.5}), h + 0.5 * d));
  const double gate = 1 / (1 + std::exp(4.0));
  EXPECT_TRUE(close(run(g, {.composition = adapter::Composition::gated}), (1 - gate) * h + gate * d));
  // Behind the residual add: what reads x + h.
  const auto inner = torch::relu(torch::linear(x + h, g.at("down_weight"), g.at("down_bias")));
  EXPECT_TRUE(close(run(g, {.reads_plain_sum = true}), h + torch::linear(inner, g.at("up_weight"), g.at("up_bias"))));
}

// What a kernel is told of a learned scale is what forward computes.
TEST(Adapter, ALearnedScaleIsPartOfTheUpperMapWhereItRunsFused) {
  Random random(1);
  const Bottleneck insert({.width = 8, .inner = 4, .composition = adapter::Composition::channel, .scale = 2},
                          Init::bert, 0, random);
  const auto form = std::get<nn::Bottleneck>(insert.form());
  const auto own = insert.named_parameters();
  EXPECT_EQ(form.parts.gain, 1);
  EXPECT_TRUE(torch::equal(form.parts.up_weight, 2 * own["up_weight"]));
}

TEST(Adapter, SaysWhatDoesNotGoTogether) {
  const auto said = [](const OptionValues& options) -> std::string {
    try {
      on_sites("adapter", options);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(said({{"variant", "parallel"}, {"input", "sum"}}), HasSubstr("--input sum: what the sub-layer gives"));
  EXPECT_THAT(said({{"input", "stream"}}), HasSubstr("--input stream: a sequential adapter reads"));
  EXPECT_THAT(said({{"variant", "compacter"}, {"bottleneck", "6"}}),
              HasSubstr("--phm 4: does not divide both widths, 768 and 6"));
  EXPECT_THAT(said({{"drop-path", "1"}}), HasSubstr("--drop-path 1: expected 0 or more, below 1"));
  EXPECT_THAT(said({{"variant", "compacter"}, {"init", "bert"}}), HasSubstr("--init bert: says nothing of"));
}

// By central differences in float64, on a ViT of two blocks: every variant, and every composition.
TEST(Adapter, VariantsAndCompositionsHaveTheGradientsOfTheirDifferences) {
  std::vector<OptionValues> all;
  for (const char* variant : {"adaptformer", "adapter-plus", "compacter"})
    all.push_back({{"variant", variant}, {"bottleneck", "4"}});
  for (const char* composition : {"learned", "channel", "gated"}) {
    for (const char* form : {"sequential", "parallel"})
      all.push_back({{"form", form}, {"composition", composition}, {"place", "both"}, {"bottleneck", "2"}});
  }
  for (const auto& options : all) {
    OnSmallModel built("timm", "adapter", options);
    for (auto parameter : built.model->parameters())
      tensor::wake(parameter);
    built.model->to(torch::kFloat64);
    std::vector<at::Tensor> training;
    for (const auto& binding : built.adaptation.bindings) {
      binding.insert->to(torch::kFloat64);
      for (auto& parameter : binding.insert->parameters()) {
        const torch::NoGradGuard no_grad;
        parameter.add_(torch::linspace(-0.03, 0.05, parameter.numel(), parameter.options()).view_as(parameter));
        training.push_back(parameter);
      }
    }
    Random random(7);
    const auto images = normal({2, 3, 8, 8}, 1, random).to(torch::kFloat64);
    const auto features = [&] {
      nn::Context context;
      return built.model->reader().encode({images}, context);
    };
    graft::testing::expect_gradients_of_differences(features, training, 2e-6, 2);
  }
}

}  // namespace
}  // namespace graft::methods
