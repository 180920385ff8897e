#include "graft/methods/prefix/prefix.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/nn/key_values.h"
#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

const prefix::Prefix& prefix_of(const Binding& binding) {
  return dynamic_cast<const prefix::Prefix&>(*binding.insert);
}

// 30 words of 768, a map of 768 to 512 with its bias, and of each block a map of 512 to 2 * 768 with its bias.
TEST(Prefix, TrainsTheNetworkThatMakesItAndKeepsWhatThatMade) {
  const auto built = on_sites("prefix", {});
  EXPECT_EQ(built.inserted(), 30 * 768 + 768 * 512 + 512 + 12 * (512 * 2 * 768 + 2 * 768));
  const auto file = built.method->to_disk(*built.model, built.adaptation);
  ASSERT_EQ(file.size(), 1u);
  EXPECT_EQ(file.at("prompt_embeddings").sizes(), (std::vector<int64_t>{30, 12 * 2 * 768}));
}

TEST(Prefix, TrainsItselfWithoutANetwork) {
  const auto built = on_sites("prefix", {{"inner", "0"}, {"tokens", "4"}});
  EXPECT_EQ(built.inserted(), 4 * 12 * 2 * 768);
  const auto rows = prefix_of(built.adaptation.bindings[5]).rows();
  EXPECT_NEAR(rows.std().item<double>(), 1, 0.05);
  EXPECT_NEAR(rows.mean().item<double>(), 0, 0.05);
}

TEST(Prefix, StartsAsPyTorchStartsSuchANetwork) {
  const auto built = on_sites("prefix", {});
  std::map<std::string, at::Tensor> first;
  for (const auto& parameter : built.adaptation.bindings.front().insert->named_parameters())
    first[parameter.key()] = parameter.value();
  EXPECT_NEAR(first.at("maker.words").std().item<double>(), 1, 0.02);
  for (const auto& [name, inputs] : {std::pair("maker.weight", 768.0), std::pair("weight", 512.0)}) {
    const auto largest = first.at(name).abs().max().item<double>(), bound = 1 / std::sqrt(inputs);
    EXPECT_LE(largest, bound);
    EXPECT_GT(largest, 0.999 * bound);
  }
}

// He et al. 2022, eq. 7: behind a prefix attention is a gated sum of attention and attention over the prefix alone.
TEST(Prefix, IsAGatedSum) {
  constexpr int64_t kHeads = 2, kTokens = 5, kWidth = 8, kPrefix = 3;
  torch::manual_seed(1);
  nn::Site site;
  site.kind = nn::SiteKind::key_values;
  site.in = site.out = kWidth;
  site.heads = kHeads;
  nn::Joint joint(site);
  joint.put(std::make_shared<prefix::Prefix>(site, torch::randn({kPrefix, 2 * kWidth})));
  EXPECT_EQ(joint.layout({}).count(nn::TokenKind::prompt), kPrefix);
  const auto qkv = torch::randn({2, kTokens, 3 * kWidth});
  auto options = nn::attention_behind(joint, qkv, {});
  const auto concatenated = tensor::attention(qkv, kHeads, options);

  const auto parts = qkv.chunk(3, 2);
  const auto by_heads = [&](const at::Tensor& x) { return x.view({2, kTokens, kHeads, -1}).transpose(1, 2); };
  const auto q = by_heads(parts[0]) / std::sqrt(kWidth / kHeads);
  const auto of_prefix = q.matmul(options.extra_keys.transpose(2, 3)), of_text = q.matmul(by_heads(parts[1]).mT());
  const auto share = of_prefix.exp().sum(-1, true) / (of_prefix.exp().sum(-1, true) + of_text.exp().sum(-1, true));
  const auto gated = (1 - share) * of_text.softmax(-1).matmul(by_heads(parts[2])) +
                     share * of_prefix.softmax(-1).matmul(options.extra_values);
  EXPECT_LT((gated.transpose(1, 2).flatten(2) - concatenated).abs().max().item<double>(), 1e-5);
}

TEST(Prefix, WithAParallelAdapterIsMam) {
  const auto built = on_sites("prefix+adapter", {{"prefix.inner", "0"},
                                                 {"prefix.tokens", "30"},
                                                 {"adapter.variant", "scaled-parallel"},
                                                 {"adapter.bottleneck", "512"}});
  EXPECT_EQ(built.adaptation.bindings.size(), 24u);
  EXPECT_EQ(built.inserted(), 12 * (30 * 2 * 768 + 2 * 512 * 768 + 512 + 768));
}

TEST(Prefix, RefusesNumbersOutOfRange) {
  EXPECT_THROW(prefix::entry.parse({{"tokens", "0"}}), ConfigError);
  EXPECT_THROW(prefix::entry.parse({{"inner", "-1"}}), ConfigError);
}

}  // namespace
}  // namespace graft::methods
