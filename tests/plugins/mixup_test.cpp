#include "graft/plugins/mixing/mixup/mixup.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace graft::plugins {
namespace {

TEST(MixUp, LaysExamplesOverEachOtherByTheShareOfTheirLabels) {
  const at::Tensor x = torch::tensor({{{1.0F, 2.0F}}, {{5.0F, 10.0F}}});  // [2, 1, 2]
  const at::Tensor partner = torch::tensor({1, 0}, at::kLong), kept = torch::tensor({0.75, 0.5}, at::kDouble);
  EXPECT_TRUE(torch::equal(mixup::blend(x, partner, kept), torch::tensor({{{2.0F, 4.0F}}, {{3.0F, 6.0F}}})));
  EXPECT_TRUE(torch::equal(mixed_targets(torch::tensor({0, 2}, at::kLong), 3, {partner, kept, {}}),
                           torch::tensor({{0.75F, 0.0F, 0.25F}, {0.5F, 0.0F, 0.5F}})));
}

TEST(MixUp, AShareThatIsAllLeavesTheExampleAsItWas) {
  const at::Tensor x = torch::randn({4, 3, 2, 2});
  EXPECT_TRUE(torch::equal(mixup::blend(x, torch::tensor({3, 2, 1, 0}, at::kLong), torch::ones({4}, at::kDouble)), x));
}

TEST(MixUp, OneShareIsForTheBatchOrOneForEachExample) {
  const auto draw = [](const OptionValues& values) {
    return mixup::entry.parse(values)->draw({8, 3, 4, 4}, Random(3));
  };
  const Mix batch = draw({}), each = draw({{"lambda", "example"}});
  EXPECT_TRUE((batch.kept == batch.kept[0]).all().item<bool>());
  EXPECT_GT(each.kept.std().item<double>(), 0.01);
}

TEST(MixUp, OfThePixelsUnlessAskedForElsewhere) {
  EXPECT_EQ(mixup::entry.parse({})->place(), MixPlace::input);
  EXPECT_EQ(mixup::entry.parse({{"at", "features"}})->place(), MixPlace::features);
  EXPECT_EQ(mixup::entry.parse({{"at", "random"}})->place(), MixPlace::random);
}

}  // namespace
}  // namespace graft::plugins
