// What every block promises, asked of every block that is listed, on the tiny ResNet.
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

std::shared_ptr<models::Model> tiny_resnet() {
  return graft::testing::tiny_resnet_checkpoint().load();
}

nn::Value photos(int64_t count) {
  return graft::testing::tiny_resnet_checkpoint().examples(count, 3);
}

class BlockContract : public ::testing::TestWithParam<const BlockEntry*> {
 protected:
  std::string name() const { return GetParam()->name; }
};

TEST_P(BlockContract, NamesItsPaper) {
  EXPECT_THAT(GetParam()->paper, HasSubstr("arXiv:"));
  EXPECT_THAT(GetParam()->options().front().name, "at");
}

TEST_P(BlockContract, StartsAsIfItWereNotThereToTheBit) {
  const torch::NoGradGuard no_grad;
  const auto plain = tiny_resnet();
  const auto adapted = with_blocks(name(), tiny_resnet());
  EXPECT_FALSE(adapted.blocks.empty());
  for (const bool training : {false, true}) {
    const nn::Context context{.training = training};
    EXPECT_TRUE(
        at::equal(plain->reader().encode(photos(4), context), adapted.model->reader().encode(photos(4), context)));
  }
}

TEST_P(BlockContract, TrainsWhollyAndTheNetworkStaysAsItIs) {
  const auto adapted = with_blocks(name(), tiny_resnet());
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
  std::vector<at::Tensor> leaves = {torch::randn({2, 5, 3, 4}, at::kDouble).requires_grad_()};
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
    for (const auto& [key, parameter] : with_blocks(text, tiny_resnet(), seed).parameters)
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
    const auto adapted = with_blocks(fmt::format("{}:at={}", name(), at), tiny_resnet());
    return methods::earliest_change(adapted.whole(), *adapted.model);
  };
  EXPECT_EQ(earliest("blocks.2"), 3);
  EXPECT_EQ(earliest("layer2.0,blocks.1"), 2);
  EXPECT_EQ(earliest("*"), 1);
}

INSTANTIATE_TEST_SUITE_P(Blocks, BlockContract, ::testing::ValuesIn(blocks()),
                         [](const auto& info) { return std::string(info.param->name); });

std::string refusal_of(const std::string& text, std::shared_ptr<models::Model> model = tiny_resnet()) {
  try {
    place_blocks(text, *model, Random(1));
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Blocks, AreReadWithTheirOptionsAndPlaces) {
  const auto model = tiny_resnet();
  const auto sites = [&](const std::string& text) {
    std::vector<std::string> all;
    for (const auto& binding : place_blocks(text, *model, Random(1)))
      all.push_back(binding.method + " " + binding.sites.front());
    return all;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(sites("nonlocal"), (Names{"nonlocal vision.blocks.2.out"}));
  EXPECT_EQ(sites("nonlocal:form=dot,at=layer1.1,blocks.0,se:ratio=2,at=blocks.2"),
            (Names{"nonlocal vision.blocks.0.out", "nonlocal vision.blocks.1.out", "se vision.blocks.2.path"}));
  EXPECT_EQ(sites("gc:at=layer1.*,cbam:at=vision.blocks.0"),
            (Names{"gc vision.blocks.0.path", "gc vision.blocks.1.path", "cbam vision.blocks.0.path"}));
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
  EXPECT_THAT(refusal_of("se", graft::testing::tiny_vit()), HasSubstr("has no residual blocks of maps"));
  EXPECT_THAT(refusal_of("se", graft::testing::tiny_resnet3d_checkpoint().load()), HasSubstr("Take a ResNet."));
}

}  // namespace
}  // namespace graft::plugins
