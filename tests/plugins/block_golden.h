// A block with the numbers of a case of tests/golden/blocks.safetensors against what that case gives
// (tests/golden/make/blocks.py).
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <memory>
#include <string>

#include "graft/core/registry.h"
#include "graft/io/weights.h"
#include "graft/models/checkpoint.h"
#include "graft/nn/batch_norm.h"
#include "graft/plugins/blocks/block.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"

namespace graft::plugins {

inline std::shared_ptr<nn::Insert> made_block(const std::string& name, const OptionValues& options, int64_t width,
                                              uint64_t seed = 1) {
  Random random(seed);
  return find_named("test", "block", blocks(), name).parse(options)->make(width, random);
}

// As a site gives and takes it: the frozen computation is nothing.
inline at::Tensor run_block(const nn::Insert& block, const at::Tensor& x, const nn::Context& context) {
  return block.forward(x, nn::Frozen([](const at::Tensor& u) { return u; }), context);
}

inline void expect_golden(const std::string& name, const OptionValues& options, const std::string& of) {
  const auto golden = io::Weights::open(source_dir() / "tests/golden/blocks.safetensors");
  const auto value = [&](const std::string& what) { return models::to_float(golden.at(of + "/" + what)); };
  const auto x = value("x").contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  const auto block = made_block(name, options, x.size(1));
  {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : block->named_parameters())
      parameter.value().copy_(value("parameter." + parameter.key()));
  }
  const auto y = run_block(*block, x, {.training = true, .gathers = true});
  EXPECT_LT(graft::testing::relative_error(y, value("y")), 1e-5) << of;
  (y * value("weighing")).sum().backward();
  EXPECT_LT(graft::testing::relative_error(x.grad(), value("gradient.x")), 2e-5) << of;
  for (const auto& parameter : block->named_parameters()) {
    const auto expected = value("gradient." + parameter.key());
    const double scale = std::max(1.0, expected.abs().max().item<double>());
    EXPECT_LT((parameter.value().grad() - expected).abs().max().item<double>(), 3e-5 * scale)
        << of << " " << parameter.key();
  }
  for (const auto& buffer : block->named_buffers()) {
    const auto statistic = buffer.key().substr(buffer.key().rfind('.') + 1);
    EXPECT_LT(graft::testing::relative_error(buffer.value(), value("statistics." + statistic)), 1e-5) << of;
  }
}

}  // namespace graft::plugins
