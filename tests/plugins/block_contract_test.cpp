// What every block promises, asked of every block that is listed, on a tiny ResNet and, where it stands there, on ViTs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "graft/core/error.h"
#include "graft/methods/adapted.h"
#include "graft/methods/entry.h"
#include "graft/plugins/blocks/placing.h"
#include "tests/plugins/block_golden.h"
#include "tests/support/tiny_models.h"

namespace graft::plugins {
namespace {

using ::testing::HasSubstr;

// Under a head whose numbers are not zero, so that what lies below it gets gradients.
methods::Adapted with_blocks(const std::string& text, std::shared_ptr<models::Model> model, uint64_t seed = 1) {
  const methods::MakeHead normal = [](const methods::Setting& setting, methods::HeadWish wish, Random& random) {
    wish.init = models::HeadInit::normal;
    return methods::head_of_examples(setting, wish, random);
  };
  return methods::build_adapted(
      {.model = std::move(model), .classes = {"a", "b", "c"}, .train_size = 12},
      methods::make_method("linear-probe", {{"solver", "sgd"}}),
      {.make_head = normal, .blocks = [&](models::Model& of) { return place_blocks(text, of, Random(seed)); }});
}

// A network that blocks stand in, and where.
struct Network {
  const char* name;
  graft::testing::TinyCheckpoint (*checkpoint)(uint64_t seed);
  bool of_tokens;
};
constexpr Network kNetworks[] = {{"resnet", graft::testing::tiny_resnet_checkpoint, false},
                                 {"vit", graft::testing::tiny_vit_checkpoint, true},
                                 {"clip", graft::testing::tiny_clip_checkpoint, true}};

struct Stand {
  const BlockEntry* block;
  const Network* network;
};

std::vector<Stand> all_stands() {
  std::vector<Stand> all;
  for (const auto* block : blocks()) {
    for (const auto& network : kNetworks) {
      if (!network.of_tokens || !block->not_on_tokens) all.push_back({block, &network});
    }
  }
  return all;
}

class BlockContract : public ::testing::TestWithParam<Stand> {
 protected:
  std::string name() const { return GetParam().block->name; }
  std::shared_ptr<models::Model> network() const { return GetParam().network->checkpoint(1).load(); }
  nn::Value photos(int64_t count) const { return GetParam().network->checkpoint(1).examples(count, 3); }
};

TEST_P(BlockContract, NamesItsPaper) {
  EXPECT_THAT(GetParam().block->paper, HasSubstr("arXiv:"));
  EXPECT_THAT(GetParam().block->options().front().name, "at");
}

TEST_P(BlockContract, StartsAsIfItWereNotThereToTheBit) {
  const torch::NoGradGuard no_grad;
  const auto plain = network();
  const auto adapted = with_blocks(name(), network());
  EXPECT_FALSE(adapted.blocks.empty());
  for (const bool training : {false, true}) {
    const nn::Context context{.training = training};
    EXPECT_TRUE(
        at::equal(plain->reader().encode(photos(4), context), adapted.model->reader().encode(photos(4), context)));
  }
}

TEST_P(BlockContract, TrainsWhollyAndTheNetworkStaysAsItIs) {
  const auto adapted = with_blocks(name(), network());
  const auto step = [&](bool recompute) {
    for (const auto& [key, parameter] : adapted.parameters)
      parameter.mutable_grad() = at::Tensor();
    nn::Context context{.training = true, .recompute = recompute, .gathers = true};
    at::cross_entropy_loss(adapted.answer(photos(6), context), torch::arange(6) % 3).backward();
  };
  // Behind a zero gradients come a step later.
  for (int i = 0; i < 3; ++i) {
    step(false);
    const torch::NoGradGuard no_grad;
    for (const auto& [key, parameter] : adapted.parameters)
      parameter.detach().sub_(parameter.grad(), 0.1);
  }
  step(false);
  std::map<std::string, at::Tensor> gradients;
  for (const auto& [key, parameter] : adapted.parameters) {
    EXPECT_GT(parameter.grad().count_nonzero().item<int64_t>(), 0) << key;
    gradients[key] = parameter.grad();
  }
  step(true);
  for (const auto& [key, parameter] : adapted.parameters)
    EXPECT_TRUE(at::equal(gradients.at(key), parameter.grad())) << key;
  for (const auto& parameter : adapted.model->named_parameters())
    EXPECT_FALSE(parameter.value().grad().defined()) << parameter.key();
}

TEST_P(BlockContract, ItsGradientsAreThoseOfDifferences) {
  torch::manual_seed(3);
  const auto block = made_block(name(), {}, 5);
  block->to(at::kDouble);
  const std::vector<int64_t> maps = {2, 5, 3, 4}, tokens = {2, 7, 5};
  std::vector<at::Tensor> leaves = {
      torch::randn(GetParam().network->of_tokens ? tokens : maps, at::kDouble).requires_grad_()};
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : block->parameters())
      leaves.push_back(parameter.normal_());
  }
  graft::testing::expect_gradients_of_differences([&] { return run_block(*block, leaves[0], {.training = true}); },
                                                  leaves, 2e-6);
}

TEST_P(BlockContract, TheSameSeedDrawsTheSameAtEachSite) {
  const auto numbers = [&](const std::string& text, uint64_t seed) {
    std::map<std::string, at::Tensor> all;
    for (const auto& [key, parameter] : with_blocks(text, network(), seed).parameters)
      all[key] = parameter.detach();
    return all;
  };
  const auto one = numbers(name(), 1), other = numbers(name(), 2);
  const auto beside = numbers((name() == "se" ? "gc," : "se,") + name(), 1);
  bool differs = false;
  for (const auto& [key, value] : one) {
    EXPECT_TRUE(at::equal(value, beside.at(key))) << key;
    differs |= !at::equal(value, other.at(key));
  }
  EXPECT_TRUE(differs);
}

TEST_P(BlockContract, ChangesNothingBelowItsFirstSite) {
  const auto earliest = [&](const std::string& at) {
    const auto adapted = with_blocks(fmt::format("{}:at={}", name(), at), network());
    return methods::earliest_change(adapted.whole(), *adapted.model);
  };
  EXPECT_EQ(earliest("blocks.2"), 3);
  EXPECT_EQ(earliest("blocks.2,blocks.1"), 2);
  EXPECT_EQ(earliest("*"), 1);
}

INSTANTIATE_TEST_SUITE_P(Blocks, BlockContract, ::testing::ValuesIn(all_stands()), [](const auto& info) {
  return fmt::format("{}_in_{}", info.param.block->name, info.param.network->name);
});

TEST(Blocks, ReadTokensAsTheyReadTheMapsOfOneRow) {
  torch::manual_seed(4);
  const auto tokens = torch::randn({2, 7, 6});
  for (const auto* entry : blocks()) {
    if (entry->not_on_tokens) continue;
    const auto block = made_block(entry->name, {}, 6);
    {
      const torch::NoGradGuard no_grad;
      for (auto& parameter : block->parameters())
        parameter.normal_();
    }
    const auto maps = tokens.transpose(1, 2).unsqueeze(2);  // [B, C, 1, T]
    EXPECT_LT(graft::testing::relative_error(run_block(*block, tokens, {}),
                                             run_block(*block, maps, {}).squeeze(2).transpose(1, 2)),
              1e-5)
        << entry->name;
  }
}

std::shared_ptr<models::Model> tiny_resnet() {
  return graft::testing::tiny_resnet_checkpoint().load();
}

std::string refusal_of(const std::string& text, std::shared_ptr<models::Model> model = tiny_resnet()) {
  try {
    place_blocks(text, *model, Random(1));
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

using Names = std::vector<std::string>;
Names sites_of(const std::string& text, models::Model& model) {
  Names all;
  for (const auto& binding : place_blocks(text, model, Random(1)))
    all.push_back(binding.method + " " + binding.sites.front());
  return all;
}

TEST(Blocks, AreReadWithTheirOptionsAndPlaces) {
  const auto model = tiny_resnet();
  const auto sites = [&](const std::string& text) { return sites_of(text, *model); };
  EXPECT_EQ(sites("nonlocal"), (Names{"nonlocal vision.blocks.2.out"}));
  EXPECT_EQ(sites("nonlocal:form=dot,at=layer1.1,blocks.0,se:ratio=2,at=blocks.2"),
            (Names{"nonlocal vision.blocks.0.out", "nonlocal vision.blocks.1.out", "se vision.blocks.2.path"}));
  EXPECT_EQ(sites("gc:at=layer1.*,cbam:at=vision.blocks.0"),
            (Names{"gc vision.blocks.0.path", "gc vision.blocks.1.path", "cbam vision.blocks.0.path"}));
}

TEST(Blocks, StandInThePathsOfAVitsMlps) {
  const auto vit = graft::testing::tiny_vit(), clip = graft::testing::tiny_clip();
  EXPECT_EQ(sites_of("se:at=blocks.1", *vit), (Names{"se vision.blocks.1.mlp"}));
  EXPECT_EQ(sites_of("gc", *clip),  // the photos' tower alone
            (Names{"gc vision.blocks.0.mlp", "gc vision.blocks.1.mlp", "gc vision.blocks.2.mlp"}));
}

TEST(Blocks, RefuseWhatCannotBeInOneLine) {
  EXPECT_THAT(refusal_of("nonlocl"), HasSubstr("Did you mean 'nonlocal'?"));
  EXPECT_THAT(refusal_of("se:rato=2"), HasSubstr("'ratio'"));
  EXPECT_THAT(refusal_of("se,se:ratio=2"), HasSubstr("'se' is named twice"));
  EXPECT_THAT(refusal_of("at=blocks.1"), HasSubstr("expected a block with its options"));
  EXPECT_EQ(refusal_of("nonlocal:at=layer2.7"),
            "[block] --block nonlocal:at=layer2.7: tiny-resnet has no residual block of that name. Did you mean "
            "'layer2.0'? It has blocks.0 to blocks.2.");
  EXPECT_THAT(refusal_of("nonlocal:at=blocks.1,se:at=blocks.7"), HasSubstr("--block se:at=blocks.7"));
  EXPECT_THAT(refusal_of("se", graft::testing::tiny_resnet3d_checkpoint().load()),
              HasSubstr("Take a ResNet or a ViT."));
  EXPECT_THAT(refusal_of("se", graft::testing::tiny_bert_checkpoint().load()), HasSubstr("Take a ResNet or a ViT."));
  EXPECT_THAT(refusal_of("nonlocal", graft::testing::tiny_vit()),
              HasSubstr("computes tokens: it is what attention does between them already, in each block. Take se or "
                        "gc, or a ResNet."));
  EXPECT_THAT(refusal_of("cbam:at=blocks.1", graft::testing::tiny_clip()), HasSubstr("class tokens have none"));
  EXPECT_THAT(refusal_of("gc:at=blocks.7", graft::testing::tiny_vit()), HasSubstr("It has blocks.0 to blocks.2."));
}

}  // namespace
}  // namespace graft::plugins
