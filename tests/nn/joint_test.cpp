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

}  // namespace
}  // namespace graft::nn
