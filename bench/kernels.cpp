// How fast are the kernels by themselves? A stack of transformer blocks with random weights and LoRA on q and v,
// forward and backward: on graft's kernels in each precision, and written plainly on libtorch in float32 and under
// bf16; and the matrix products that a step consists of, alone, as the ceiling. All arms take turns; a line an arm on
// stdout.
//
//   bench_kernels [width 384] [blocks 12] [batch 16] [rounds 5] [threads 0: all] [clock wall|cpu] [arms whose names
//   hold]
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "graft/tensor/attention.h"
#include "graft/tensor/frozen_linear.h"
#include "graft/tensor/norm.h"

namespace {

using namespace graft::tensor;

constexpr int64_t kTokens = 257, kHeadWidth = 64, kRank = 8;  // 224 pixels in patches of 14

struct Weights {
  at::Tensor qkv, proj, fc1, fc2, norm;
  at::Tensor qkv_bias, width_bias, fc1_bias;
};

struct Lora {
  at::Tensor qa, qb, va, vb;
  std::vector<at::Tensor> all() const { return {qa, qb, va, vb}; }
};

struct Model {
  int64_t width, heads;
  std::vector<Weights> blocks;
  std::vector<Lora> lora;
};

Model random_model(int64_t width, int64_t blocks) {
  Model model{.width = width, .heads = width / kHeadWidth, .blocks = {}, .lora = {}};
  const auto matrix = [](int64_t out, int64_t in) { return torch::randn({out, in}) * 0.02; };
  for (int64_t i = 0; i < blocks; ++i) {
    model.blocks.push_back({matrix(3 * width, width), matrix(width, width), matrix(4 * width, width),
                            matrix(width, 4 * width), torch::ones({width}), torch::zeros({3 * width}),
                            torch::zeros({width}), torch::zeros({4 * width})});
    model.lora.push_back({matrix(kRank, width), matrix(width, kRank), matrix(kRank, width), matrix(width, kRank)});
    for (auto t : model.lora.back().all())
      t.requires_grad_(true);
  }
  return model;
}

using Step = std::function<at::Tensor(const at::Tensor& x)>;

Step on_kernels(const Model& model, Precision precision) {
  struct Block {
    FrozenLinear qkv, proj, fc1, fc2;
  };
  auto blocks = std::make_shared<std::vector<Block>>();
  for (const auto& w : model.blocks) {
    blocks->push_back({{w.qkv, w.qkv_bias, precision},
                       {w.proj, w.width_bias, precision},
                       {w.fc1, w.fc1_bias, precision},
                       {w.fc2, w.width_bias, precision}});
  }
  return [&model, blocks, type = carrier(precision)](const at::Tensor& x) {
    at::Tensor stream = x, change;
    for (size_t i = 0; i < blocks->size(); ++i) {
      const auto& block = (*blocks)[i];
      const auto& lora = model.lora[i];
      const LayerNorm norm{model.blocks[i].norm, model.blocks[i].qkv_bias.slice(0, 0, model.width), 1e-6};
      at::Tensor normalised;
      if (change.defined()) {
        const auto both = add_layer_norm(stream, change, norm, type);
        stream = both.stream;
        normalised = both.normalised;
      } else {
        normalised = layer_norm(stream, norm, type);
      }
      const auto qkv =
          block.qkv.forward_low_rank(normalised, {{lora.qa, lora.qb, 2, 0}, {lora.va, lora.vb, 2, 2 * model.width}});
      change = block.proj.forward(attention(qkv, model.heads));
      const auto both = add_layer_norm(stream, change, norm, type);
      stream = both.stream;
      change = block.fc2.forward(block.fc1.forward(both.normalised, Activation::gelu));
    }
    return stream + change;
  };
}

Step on_libtorch(const Model& model, c10::ScalarType type) {
  std::vector<Weights> blocks = model.blocks;
  for (auto& w : blocks) {
    for (auto* t : {&w.qkv, &w.proj, &w.fc1, &w.fc2, &w.qkv_bias, &w.width_bias, &w.fc1_bias})
      *t = t->to(type);
  }
  return [&model, blocks, type](const at::Tensor& x) {
    auto stream = x;
    const auto bias = at::zeros({model.width});
    for (size_t i = 0; i < blocks.size(); ++i) {
      const auto& w = blocks[i];
      const auto& lora = model.lora[i];
      const auto norm = [&](const at::Tensor& t) {
        return at::layer_norm(t, {model.width}, w.norm, bias, 1e-6).to(type);
      };
      const auto branch = [&](const at::Tensor& t, const at::Tensor& a, const at::Tensor& b) {
        return at::linear(at::linear(t, a.to(type)), b.to(type)) * 2;
      };
      const auto normalised = norm(stream);
      const auto parts = at::linear(normalised, w.qkv, w.qkv_bias).chunk(3, 2);
      const auto heads = [&](const at::Tensor& t) {
        return t.view({t.size(0), t.size(1), model.heads, -1}).transpose(1, 2);
      };
      const auto mixed =
          at::scaled_dot_product_attention(heads(parts[0] + branch(normalised, lora.qa, lora.qb)), heads(parts[1]),
                                           heads(parts[2] + branch(normalised, lora.va, lora.vb)));
      stream = stream + at::linear(mixed.transpose(1, 2).reshape(stream.sizes()), w.proj, w.width_bias);
      stream = stream + at::linear(at::gelu(at::linear(norm(stream), w.fc1, w.fc1_bias)), w.fc2, w.width_bias);
    }
    return stream;
  };
}

// Of the wall, or of the processor (all threads): the second stays meaningful beside other work, on one thread.
double now(bool processor) {
  if (processor) return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double seconds(const std::function<void()>& work, bool processor) {
  const auto start = now(processor);
  work();
  return now(processor) - start;
}

// Multiply-adds count two; the backward of a frozen map is one product, that of attention five to the forward's two.
double step_operations(int64_t width, int64_t blocks, int64_t rows) {
  const double maps = 2.0 * 2 * rows * 12 * width * width, attention = 7.0 * 2 * rows * kTokens * width;
  const double lora = 3.0 * 2 * 2 * rows * 2 * kRank * width;
  return static_cast<double>(blocks) * (maps + attention + lora);
}

struct Arm {
  std::string name;
  double operations;  // a run
  std::function<void()> run;
  std::vector<double> times = {};

  double median() const {
    auto sorted = times;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

// Attention alone, forward and backward.
std::function<void()> attention_alone(const Model& model, int64_t batch, bool ours, c10::ScalarType type) {
  const auto qkv = torch::randn({batch, kTokens, 3 * model.width}).to(type).requires_grad_(true);
  const auto gradient = torch::randn({batch, kTokens, model.width}).to(type);
  return [=, heads = model.heads, blocks = model.blocks.size()] {
    for (size_t i = 0; i < blocks; ++i) {
      at::Tensor y;
      if (ours) {
        y = attention(qkv, heads);
      } else {
        const auto parts = qkv.view({batch, kTokens, 3, heads, kHeadWidth}).permute({2, 0, 3, 1, 4}).unbind(0);
        y = at::scaled_dot_product_attention(parts[0], parts[1], parts[2]).transpose(1, 2).reshape(gradient.sizes());
      }
      torch::autograd::grad({y}, {qkv}, {gradient});
    }
  };
}

// The residual add, the norm and their gradients alone, twice a block.
std::function<void()> norm_alone(const Model& model, int64_t batch, bool ours) {
  const auto x = torch::randn({batch, kTokens, model.width}).requires_grad_(true),
             change = torch::randn_like(x).requires_grad_(true);
  const auto weight = torch::ones({model.width}), bias = torch::zeros({model.width}), gradient = torch::randn_like(x);
  return [=, width = model.width, blocks = model.blocks.size()] {
    for (size_t i = 0; i < 2 * blocks; ++i) {
      const auto sum = ours ? AddNormed{} : AddNormed{x + change, {}};
      const auto both = ours ? add_layer_norm(x, change, {weight, bias, 1e-6}, at::kFloat)
                             : AddNormed{sum.stream, at::layer_norm(sum.stream, {width}, weight, bias, 1e-6)};
      torch::autograd::grad({both.stream, both.normalised}, {x, change}, {gradient, gradient});
    }
  };
}

// The four products of a block and their transposes on libtorch, nothing else.
std::function<void()> bare_products(const Model& model, int64_t rows) {
  const auto narrow = torch::randn({rows, model.width}), wide = torch::randn({rows, 4 * model.width}),
             triple = torch::randn({rows, 3 * model.width});
  const auto w = model.blocks.front();
  return [=, blocks = model.blocks.size()] {
    at::NoGradGuard no_grad;
    for (size_t i = 0; i < blocks; ++i) {
      at::linear(narrow, w.qkv), at::linear(narrow, w.proj), at::linear(narrow, w.fc1), at::linear(wide, w.fc2);
      at::matmul(triple, w.qkv), at::matmul(narrow, w.proj), at::matmul(wide, w.fc1), at::matmul(narrow, w.fc2);
    }
  };
}

std::function<void()> bare_packed_products(const Model& model, int64_t rows, Precision precision) {
  const auto narrow = torch::randn({rows, model.width}), wide = torch::randn({rows, 4 * model.width}),
             triple = torch::randn({rows, 3 * model.width});
  const auto& w = model.blocks.front();
  const auto packed = [&](const at::Tensor& weight) { return FrozenLinear(weight, std::nullopt, precision); };
  const std::vector<FrozenLinear> maps{packed(w.qkv),
                                       packed(w.proj),
                                       packed(w.fc1),
                                       packed(w.fc2),
                                       packed(w.qkv.t().contiguous()),
                                       packed(w.proj.t().contiguous()),
                                       packed(w.fc1.t().contiguous()),
                                       packed(w.fc2.t().contiguous())};
  const std::vector<at::Tensor> inputs{narrow, narrow, narrow, wide, triple, narrow, wide, narrow};
  return [=, blocks = model.blocks.size()] {
    at::NoGradGuard no_grad;
    for (size_t i = 0; i < blocks; ++i) {
      for (size_t j = 0; j < maps.size(); ++j)
        maps[j].forward(inputs[j]);
    }
  };
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, int64_t otherwise) { return argc > i ? std::atoll(argv[i]) : otherwise; };
  const auto width = argument(1, 384), blocks = argument(2, 12), batch = argument(3, 16), rounds = argument(4, 5),
             threads = argument(5, 0);
  const bool processor = argc > 6 && std::string_view(argv[6]) == "cpu";
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
  torch::manual_seed(1);
  const auto model = random_model(width, blocks);
  const auto x = torch::randn({batch, kTokens, width});
  const auto rows = batch * kTokens;
  const auto train = [&](Step step) {
    return [step = std::move(step), &x, &model] {
      step(x).square().mean().backward();
      for (const auto& lora : model.lora) {
        for (auto t : lora.all())
          t.mutable_grad().reset();
      }
    };
  };
  const auto operations = step_operations(width, blocks, rows);
  const double bare = static_cast<double>(blocks) * 2 * 2 * static_cast<double>(rows * 12 * width * width);
  std::vector<Arm> arms{
      {"step, libtorch fp32", operations, train(on_libtorch(model, at::kFloat))},
      {"step, graft fp32", operations, train(on_kernels(model, Precision::fp32))},
      {"step, graft bf16", operations, train(on_kernels(model, Precision::bf16))},
      {"step, graft int8", operations, train(on_kernels(model, Precision::int8))},
      {"products, libtorch fp32", bare, bare_products(model, rows)},
      {"products, graft fp32", bare, bare_packed_products(model, rows, Precision::fp32)},
      {"products, graft int8", bare, bare_packed_products(model, rows, Precision::int8)},
  };
  const double attention_operations = static_cast<double>(blocks) * 7 * 2 * static_cast<double>(rows * kTokens * width);
  arms.push_back({"attention, libtorch fp32", attention_operations, attention_alone(model, batch, false, at::kFloat)});
  arms.push_back({"attention, graft fp32", attention_operations, attention_alone(model, batch, true, at::kFloat)});
  arms.push_back({"attention, graft bf16", attention_operations, attention_alone(model, batch, true, at::kBFloat16)});
  arms.push_back({"norm, libtorch", 0, norm_alone(model, batch, false)});
  arms.push_back({"norm, graft", 0, norm_alone(model, batch, true)});
  if (default_precision() == Precision::bf16)
    arms.push_back({"step, libtorch bf16", operations, train(on_libtorch(model, at::kBFloat16))});

  if (argc > 7) std::erase_if(arms, [&](const Arm& arm) { return arm.name.find(argv[7]) == std::string::npos; });

  fmt::print("# {}; width {}, {} blocks, batch {} of {} tokens\n", describe_cpu(), width, blocks, batch, kTokens);
  for (auto& arm : arms)
    arm.run();  // packs, allocates
  for (int64_t round = 0; round < rounds; ++round) {
    for (auto& arm : arms)
      arm.times.push_back(seconds(arm.run, processor));
  }
  for (const auto& arm : arms) {
    std::vector<double> ratios;  // of the first arm's time in the same round
    for (size_t i = 0; i < arm.times.size(); ++i)
      ratios.push_back(arms[0].times[i] / arm.times[i]);
    std::sort(ratios.begin(), ratios.end());
    const bool step = arm.operations == operations;
    fmt::print("{:<26} {:8.1f} ms {:7.1f} GFLOP/s{}\n", arm.name, 1e3 * arm.median(),
               arm.operations / arm.median() / 1e9,
               step ? fmt::format("  {:5.2f} images/s  {:5.2f}x", static_cast<double>(batch) / arm.median(),
                                  ratios[ratios.size() / 2])
                    : "");
  }
}
