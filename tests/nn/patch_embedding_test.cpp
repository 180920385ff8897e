#include "graft/nn/patch_embedding.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "tests/nn/inserts.h"

namespace graft::nn {
namespace {

TEST(PatchEmbedding, EqualsAConvolutionWhoseStrideIsItsKernel) {
  torch::manual_seed(4);
  const auto weight = torch::randn({7, 3, 4, 4}), bias = torch::randn({7}), images = torch::randn({2, 3, 12, 8});
  PatchEmbedding embedding(weight.flatten(1), bias, 3, 4, tensor::Precision::fp32);
  const auto reference = at::conv2d(images, weight, bias, 4).flatten(2).transpose(1, 2);
  EXPECT_LT(relative_error(embedding.forward(images, {}), reference), 1e-5);  // float32, sums of 48 terms
}

TEST(PatchEmbedding, RefusesImagesThatArePartOfAPatchTooLarge) {
  PatchEmbedding embedding(at::zeros({7, 48}), {}, 3, 4, tensor::Precision::fp32);
  EXPECT_THROW(embedding.forward(at::zeros({1, 3, 12, 9}), {}), ShapeError);
  EXPECT_THROW(embedding.forward(at::zeros({1, 1, 12, 8}), {}), ShapeError);
}

}  // namespace
}  // namespace graft::nn
