// What does a frozen weight cost that stays quantised? x Wᵀ and dX = dY W for a few and for many rows, with the weight
// packed in float32, bfloat16 and int8, on libtorch in float32, and lying as its file has it. Several matrices take
// turns, so that they come from memory and not from a cache. A line an arm: milliseconds a product, GFLOP/s, the time
// as a share of packed bf16's in the same round, and how many bytes of weights a second are read.
//
//   bench_quantised [--rows 512] [--out 2048] [--in 2048] [--matrices 6] [--rounds 7] [--threads 1] [--only Q4]
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <functional>

#include "graft/tensor/block_numbers.h"
#include "graft/tensor/frozen_linear.h"
#include "measure.h"

namespace {

using namespace graft;
using tensor::BlockFormat;
using tensor::FrozenLinear;
using tensor::Precision;

struct Options {
  int64_t rows = 512, out = 2048, in = 2048, matrices = 6, rounds = 7, threads = 1;
  std::string only;
};

template <class Visit>
void fields(Visit& visit, Options& o) {
  visit("rows", o.rows, "of x");
  visit("out", o.out, "rows of a weight");
  visit("in", o.in, "columns of a weight");
  visit("matrices", o.matrices, "that take turns");
  visit("rounds", o.rounds, "of all arms");
  visit("threads", o.threads, "of a product");
  visit("only", o.only, "arms whose names hold this, beside packed bf16");
}

struct Arm {
  std::string name;
  double bytes;               // of a weight
  std::function<void()> run;  // all matrices once
  std::vector<double> times = {};
};

// Random bits; every float16 in them is small and positive.
tensor::QuantisedWeight random_blocks(BlockFormat format, int64_t out, int64_t in) {
  const auto count = out * in / tensor::size_of(format).numbers, bytes = tensor::size_of(format).bytes;
  auto blocks = torch::randint(0, 256, {count, bytes}, at::kByte);
  const auto scale = torch::full({1}, 0.01).to(at::kHalf).view(at::kByte);
  for (const int64_t at : {int64_t{0}, int64_t{2}, bytes - 4, bytes - 2}) {
    if (0 <= at && at + 2 <= bytes) blocks.slice(1, at, at + 2).copy_(scale);
  }
  return tensor::quantised(format, out, in, blocks.view({-1}));
}

}  // namespace

int main(int argc, char** argv) {
  const auto o = bench::parse<Options>("bench_quantised", argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  torch::manual_seed(1);
  std::vector<at::Tensor> weights;
  for (int64_t i = 0; i < o.matrices; ++i)
    weights.push_back(torch::randn({o.out, o.in}) * 0.02);
  const auto x = torch::randn({o.rows, o.in}), gradient = torch::randn({o.rows, o.out});
  std::vector<Arm> arms;
  const auto add = [&](const std::string& name, const std::function<FrozenLinear(int64_t)>& make, at::ScalarType type) {
    if (name != "packed bf16" && name.find(o.only) == std::string::npos) return;
    auto maps = std::make_shared<std::vector<FrozenLinear>>();
    for (int64_t i = 0; i < o.matrices; ++i)
      maps->push_back(make(i));
    const auto bytes = static_cast<double>(maps->front().bytes());
    arms.push_back({name, bytes, [maps, x = x.to(type)] {
                      at::NoGradGuard no_grad;
                      for (const auto& map : *maps)
                        map.forward(x);
                    }});
    if (o.rows < 16) return;
    arms.push_back({name + ", dX too", bytes, [maps, x = x.to(type), gradient = gradient.to(type)] {
                      for (const auto& map : *maps) {
                        const auto leaf = x.detach().requires_grad_(true);
                        torch::autograd::grad({map.forward(leaf)}, {leaf}, {gradient});
                      }
                    }});
  };
  const auto packed = [&](Precision precision) {
    return [&weights, precision](int64_t i) {
      return FrozenLinear(weights[static_cast<size_t>(i)], std::nullopt, precision);
    };
  };
  add("packed bf16", packed(Precision::bf16), tensor::carrier(Precision::bf16));
  add("packed fp32", packed(Precision::fp32), at::kFloat);
  add("packed int8", packed(Precision::int8), tensor::carrier(Precision::int8));
  add("NF4", packed(Precision::nf4), tensor::carrier(Precision::nf4));
  for (const auto format :
       {BlockFormat::bf16, BlockFormat::q8_0, BlockFormat::q4_0, BlockFormat::q5_0, BlockFormat::q4_k,
        BlockFormat::q5_k, BlockFormat::q6_k, BlockFormat::q2_k, BlockFormat::q3_k, BlockFormat::iq4_nl}) {
    for (const auto precision : {Precision::bf16, Precision::fp32, Precision::int8}) {
      add(
          fmt::format("{} in {}", to_string(format), to_string(precision)),
          [&, format, precision](int64_t) { return FrozenLinear(random_blocks(format, o.out, o.in), {}, precision); },
          tensor::carrier(precision));
    }
  }
  if (std::string("libtorch fp32").find(o.only) != std::string::npos) {
    arms.push_back({"libtorch fp32", 4.0 * static_cast<double>(o.out * o.in), [&] {
                      at::NoGradGuard no_grad;
                      for (const auto& weight : weights)
                        at::linear(x, weight);
                    }});
  }
  for (auto& arm : arms)
    arm.run();
  for (int64_t round = 0; round < o.rounds; ++round) {
    for (auto& arm : arms) {
      const auto start = bench::now();
      arm.run();
      arm.times.push_back(bench::now() - start);
    }
  }
  fmt::print("# {}; {} rows, {} matrices [{}, {}]\n", tensor::describe_cpu(), o.rows, o.matrices, o.out, o.in);
  const auto matrices = static_cast<double>(o.matrices);
  for (const auto& arm : arms) {
    const bool both = arm.name.ends_with("dX too");
    const auto& against = arms[both ? 1 : 0].times;
    std::vector<double> shares;
    for (size_t i = 0; i < arm.times.size(); ++i)
      shares.push_back(arm.times[i] / against[i]);
    const auto seconds = bench::median(arm.times) / matrices;
    const auto operations = (both ? 4.0 : 2.0) * static_cast<double>(o.rows * o.out * o.in);
    fmt::print("{:<24} {:9.3f} ms {:8.1f} GFLOP/s {:6.2f}x {:7.2f} GB/s {:6.2f} bits\n", arm.name, 1e3 * seconds,
               operations / seconds / 1e9, bench::median(shares), arm.bytes / seconds / 1e9,
               8 * arm.bytes / static_cast<double>(o.out * o.in));
  }
}
