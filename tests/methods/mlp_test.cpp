#include "graft/methods/mlp/mlp.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/methods/hidden_layers.h"
#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

TEST(Mlp, IsItsFormula) {
  Random random(1);
  mlp::Network net(6, 3, {.width = 5, .layers = 2}, random);
  const auto x = torch::randn({4, 6});
  nn::Context context;
  auto p = net.named_parameters();
  auto h = x / x.square().mean(1, true).sqrt();
  for (const char* l : {"0", "1"})
    h = torch::relu(torch::mm(h, p[std::string("weight_") + l].t()) + p[std::string("bias_") + l]);
  const auto logits = torch::mm(h, p["weight_2"].t()) + p["bias_2"];
  EXPECT_TRUE(torch::allclose(net.forward(x, context), logits, 1e-5, 1e-6));
  EXPECT_EQ(net.outputs(), 3);
}

TEST(Mlp, KeepsARowOfZeros) {
  EXPECT_TRUE(torch::equal(with_unit_rms(torch::zeros({1, 4})), torch::zeros({1, 4})));
}

TEST(Mlp, RefusesSizesThatAreNone) {
  EXPECT_THROW(make_method("mlp", {{"width", "0"}}), ConfigError);
  EXPECT_THROW(make_method("mlp", {{"layers", "0"}}), ConfigError);
  EXPECT_THROW(make_method("mlp", {{"layers", "1000"}}), ConfigError);
}

}  // namespace
}  // namespace graft::methods
