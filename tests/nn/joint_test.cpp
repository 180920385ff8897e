#include "graft/nn/joint.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tests/nn/inserts.h"

namespace graft::nn {
namespace {

const Frozen kDouble([](const at::Tensor& x) { return 2 * x; });

TEST(Joint, AnEmptyOneIsTheFrozenComputation) {
  const Joint joint;
  const auto x = torch::randn({2, 3});
  EXPECT_TRUE(at::equal(joint.run(x, kDouble, {}), 2 * x));
}

TEST(Joint, TheFirstPutInIsTheInnermost) {
  Joint joint;
  joint.put(std::make_shared<Plus>(1));
  joint.put(std::make_shared<Times>(10));
  const auto x = torch::randn({2, 3});
  EXPECT_TRUE(at::allclose(joint.run(x, kDouble, {}), (2 * x + 1) * 10));
}

TEST(Joint, OneOnASliceSeesAndReplacesThatSliceAlone) {
  Joint joint;
  const Slice middle{"k", 1, 3, ""};
  joint.put(std::make_shared<Plus>(1));
  joint.put(std::make_shared<Times>(10), &middle);
  const auto x = torch::randn({2, 4});
  const auto y = joint.run(x, kDouble, {});
  EXPECT_TRUE(at::allclose(y.narrow(1, 0, 1), 2 * x.narrow(1, 0, 1) + 1));
  EXPECT_TRUE(at::allclose(y.narrow(1, 1, 2), (2 * x.narrow(1, 1, 2) + 1) * 10));
  EXPECT_TRUE(at::allclose(y.narrow(1, 3, 1), 2 * x.narrow(1, 3, 1) + 1));
}

TEST(Joint, AFrozenSubLayerCanBeCalledInItsParts) {
  const Frozen frozen([](const at::Tensor& x) { return x + 1; }, [](const at::Tensor& x) { return x * 3; });
  const auto x = torch::randn({2, 2});
  EXPECT_TRUE(at::equal(frozen(x), frozen.body(frozen.norm(x))));
}

// Two rows of zeros before all others.
struct TwoBefore : Insert {
  at::Tensor forward(const at::Tensor& x, const Frozen&, const Context&) const override {
    return at::constant_pad_nd(x, {0, 0, 2, 0});
  }
  Layout layout(const Layout& before) const override { return before.with(TokenKind::prompt, 2, 0); }
};

TEST(Joint, PromptsPutAmongTokensArePresentAndTheOthersAsTheyWere) {
  Joint joint;
  joint.put(std::make_shared<TwoBefore>());
  Context context;
  context.layout = {{{TokenKind::word, 3}}};
  context.present = torch::tensor({{true, true, false}, {true, true, true}});
  EXPECT_EQ(joint.run_tokens(torch::ones({2, 3, 4}), context).size(1), 5);
  EXPECT_EQ(context.layout.total(), 5);
  EXPECT_TRUE(
      torch::equal(context.present, torch::tensor({{true, true, true, true, false}, {true, true, true, true, true}})));
  joint.put(std::make_shared<TwoBefore>());  // of two each has its own
  EXPECT_EQ(joint.layout({{{TokenKind::word, 3}}}).count(TokenKind::prompt), 4);
}

TEST(Joint, AnEmptyOneOfKeysAndValuesPutsNothingBefore) {
  Site site;
  site.kind = SiteKind::key_values;
  site.in = site.out = 6;
  site.heads = 2;
  Joint joint(site);
  EXPECT_FALSE(joint.run_key_values(torch::ones({1}), {}).defined());
  joint.put(std::make_shared<TwoBefore>());
  EXPECT_EQ(joint.run_key_values(torch::ones({1}), {}).sizes(), (std::vector<int64_t>{2, 1, 2, 2, 3}));
}

}  // namespace
}  // namespace graft::nn
