#include "graft/methods/adapter/adapter.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "tests/methods/golden.h"
#include "tests/methods/sites_only.h"

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
    parameter.value().copy_(g.at(parameter.key()));
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

}  // namespace
}  // namespace graft::methods
