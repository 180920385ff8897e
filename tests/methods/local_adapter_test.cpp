#include "graft/methods/local_adapter/local_adapter.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <algorithm>
#include <map>
#include <string>

#include "graft/core/error.h"
#include "graft/methods/adapted.h"
#include "graft/methods/hidden_layers.h"
#include "graft/planner/memory_trace.h"
#include "tests/support/tiny_models.h"

namespace graft::methods::local_adapter {
namespace {

using graft::testing::random_tensor;
using graft::testing::tiny_images;
using Tensors = std::map<std::string, at::Tensor>;

// DINOv2's tiny model with so many blocks, the checkpoint's over and over.
std::shared_ptr<models::Model> vit_of(int64_t blocks) {
  auto checkpoint = graft::testing::tiny_vit_checkpoint();
  checkpoint.folder.config = io::JsonObject::parse(fmt::format(R"({{"architecture": "vit_small_patch14_reg4_dinov2",
        "model_args": {{"embed_dim": 32, "depth": {}, "num_heads": 2, "patch_size": 8, "img_size": 24, "reg_tokens": 2}},
        "pretrained_cfg": {{"input_size": [3, 24, 24], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
                            "interpolation": "bicubic", "crop_pct": 1.0}}}})",
                                                               blocks),
                                                   "config.json");
  const auto three = checkpoint.tensors;
  for (int64_t k = 3; k < blocks; ++k) {
    const auto of = fmt::format("blocks.{}.", k % 3);
    for (const auto& [name, tensor] : three) {
      if (name.starts_with(of))
        checkpoint.tensors[fmt::format("blocks.{}.{}", k, name.substr(of.size()))] = tensor.clone();
    }
  }
  return checkpoint.load();
}

Adapted on(std::shared_ptr<models::Model> model, const std::string& method, const OptionValues& options,
           std::vector<std::string> classes = {"a", "b"}) {
  return build_adapted({.model = std::move(model), .classes = std::move(classes), .train_size = 12},
                       make_method(method, options));
}

// Away from the start, where the upper maps are zero.
Adapted lively(const OptionValues& options) {
  auto adapted = on(vit_of(3), "local-adapter", options);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : adapted.parameters)
    parameter.detach().add_(random_tensor(parameter.sizes().vec(), 3, 0.1));
  return adapted;
}

at::Tensor loss_of(const Adapted& adapted, const at::Tensor& photos, const at::Tensor& labels) {
  nn::Context context{.training = true, .generator = at::make_generator<at::CPUGeneratorImpl>(5)};
  const auto& tower = adapted.model->reader();
  return adapted.head->own_loss(tower, tower.run({photos}, 0, adapted.head_at, context), labels, context);
}

Tensors gradients(const Adapted& adapted, const at::Tensor& photos, const at::Tensor& labels) {
  for (const auto& [name, parameter] : adapted.parameters)
    parameter.mutable_grad() = at::Tensor();
  loss_of(adapted, photos, labels).backward();
  Tensors all;
  for (const auto& [name, parameter] : adapted.parameters)
    all[name] = parameter.grad();
  return all;
}

bool is_of_block(const std::string& name, int64_t k) {
  return name.find(fmt::format("blocks.{}.", k)) != std::string::npos ||
         name.find(fmt::format("block_{}_", k)) != std::string::npos;
}

TEST(LocalAdapter, NoGradientCrossesABlock) {
  const auto adapted = lively({{"negatives", "random"}, {"width", "7"}, {"bottleneck", "5"}});
  const auto photos = tiny_images(6), labels = torch::arange(6) % 2;
  const auto before = gradients(adapted, photos, labels);
  const auto changed = [&](int64_t block) {
    {
      const torch::NoGradGuard no_grad;
      for (const auto& [name, parameter] : adapted.parameters) {
        if (is_of_block(name, block)) parameter.detach().mul_(1.5);
      }
    }
    return gradients(adapted, photos, labels);
  };
  const auto last_changed = changed(2);
  for (const auto& [name, gradient] : before) {
    EXPECT_GT(gradient.count_nonzero().item<int64_t>(), 0) << name;
    EXPECT_EQ(at::equal(gradient, last_changed.at(name)), !is_of_block(name, 2)) << name;
  }
  // What a block makes of its input the next ones read.
  const auto first_changed = changed(0);
  for (const auto& [name, gradient] : before)
    EXPECT_FALSE(at::equal(gradient, first_changed.at(name))) << name;
}

// With two classes the wrong label is no matter of chance.
TEST(LocalAdapter, LearnsAndAnswersByTheGoodnessOfEachBlock) {
  const auto adapted = lively({{"width", "7"}, {"bottleneck", "5"}, {"threshold", "0.5"}});
  const auto photos = tiny_images(6), labels = torch::arange(6) % 2;
  const auto found = gradients(adapted, photos, labels);
  const auto& tower = adapted.model->reader();
  auto value = tower.run({photos}, 0, 1, {});
  at::Tensor answer = torch::zeros({6, 2});
  double loss = 0;
  for (int64_t k = 0; k < 3; ++k) {
    std::vector<at::Tensor> own;
    std::vector<std::string> names;
    for (const auto& [name, parameter] : adapted.parameters) {
      if (!is_of_block(name, k)) continue;
      own.push_back(parameter);
      names.push_back(name);
    }
    value.x = value.x.detach();
    value = tower.run(value, 1 + k, 2 + k, {});
    const auto head = adapted.head->named_parameters();
    const auto weight = head[fmt::format("block_{}_weight_0", k)], bias = head[fmt::format("block_{}_bias_0", k)];
    const auto goodness = [&](const at::Tensor& of) {
      const auto told = torch::one_hot(of, 2).to(at::kFloat) * 3;
      return torch::relu(torch::linear(torch::cat({with_unit_rms(tower.rows(value)), told}, 1), weight, bias))
          .square()
          .sum(1);
    };
    const auto block_loss =
        (torch::log1p(torch::exp(3.5 - goodness(labels))) + torch::log1p(torch::exp(goodness(1 - labels) - 3.5)))
            .mean();
    const auto expected = torch::autograd::grad({block_loss}, own);
    for (size_t i = 0; i < own.size(); ++i)
      EXPECT_TRUE(torch::allclose(found.at(names[i]), expected[i], 1e-4, 1e-6)) << names[i];
    loss += block_loss.item<double>();
    for (int64_t label = 0; label < 2; ++label)
      answer.select(1, label).add_(goodness(torch::full({6}, label, torch::kLong)).detach());
  }
  EXPECT_NEAR(loss_of(adapted, photos, labels).item<double>(), loss, 1e-4);
  const torch::NoGradGuard no_grad;
  nn::Context context;
  EXPECT_TRUE(torch::allclose(adapted.answer({photos}, context), answer, 1e-4, 1e-5));
}

TEST(LocalAdapter, TellsThePhotosApartThatItLearnsFrom) {
  const auto adapted = on(vit_of(3), "local-adapter", {{"width", "32"}, {"bottleneck", "8"}}, {"a", "b", "c"});
  const auto photos = tiny_images(9), labels = torch::arange(9) % 3;
  const double at_start = loss_of(adapted, photos, labels).item<double>();
  for (int i = 0; i < 100; ++i) {
    const auto all = gradients(adapted, photos, labels);
    const torch::NoGradGuard no_grad;
    for (const auto& [name, parameter] : adapted.parameters)
      parameter.detach().sub_(all.at(name), 0.02);
  }
  const torch::NoGradGuard no_grad;
  nn::Context context;
  EXPECT_TRUE(at::equal(adapted.answer({photos}, context).argmax(1), labels));
  EXPECT_LT(loss_of(adapted, photos, labels).item<double>(), 0.5 * at_start);
}

// The bytes that a step holds at most beside the weights.
int64_t peak_of(const std::function<void()>& step) {
  const auto trace = planner::trace_memory([&](const auto&) { step(); });
  int64_t held = 0, peak = 0;
  for (const auto change : trace.changes)
    peak = std::max(peak, held += change);
  return peak;
}

TEST(LocalAdapter, HoldsNoMoreForMoreBlocksBeyondTheGradientsOfTheirParameters) {
  const auto photos = tiny_images(64), labels = torch::arange(64) % 2;
  const auto locally = [&](int64_t blocks) {
    const auto adapted = on(vit_of(blocks), "local-adapter", {{"width", "4"}, {"bottleneck", "2"}});
    loss_of(adapted, photos, labels);  // packs the weights
    return peak_of([&] { loss_of(adapted, photos, labels).backward(); });
  };
  const auto through_all = [&](int64_t blocks) {
    const auto adapted = on(vit_of(blocks), "adapter", {{"variant", "parallel"}, {"bottleneck", "2"}});
    const auto run = [&] {
      nn::Context context{.training = true};
      return at::cross_entropy_loss(adapted.answer({photos}, context), labels);
    };
    {
      const torch::NoGradGuard no_grad;
      adapted.head->parameters().front().detach().fill_(0.1);  // below a head of zeros there are no gradients
      run();
    }
    return peak_of([&] { run().backward(); });
  };
  const int64_t a_block = 64 * 12 * 32 * 4;  // the stream once: 9 patches, 2 registers, the class token
  const auto local_growth = locally(12) - locally(4), growth = through_all(12) - through_all(4);
  EXPECT_LT(local_growth, a_block / 2) << "for 8 blocks more";
  EXPECT_GT(growth, 8 * a_block);
}

TEST(LocalAdapter, RefusesWhatCannotLearn) {
  EXPECT_THROW(make_method("local-adapter", {{"threshold", "0"}}), ConfigError);
  EXPECT_THROW(make_method("local-adapter", {{"label-scale", "-1"}}), ConfigError);
  EXPECT_THROW(make_method("local-adapter", {{"width", "0"}}), ConfigError);
  EXPECT_THROW(make_method("local-adapter", {{"bottleneck", "0"}}), ConfigError);
  EXPECT_THROW(on(graft::testing::tiny_resnet_checkpoint().load(), "local-adapter", {}), ModelError);
}

}  // namespace
}  // namespace graft::methods::local_adapter
