// What a site costs where nothing sits: the blocks of an image tower with all their joints empty, against a copy of
// them written on the kernels without any. Both give the same bits, in turns, and the ratio of each pair's times is
// what is summed up.
//
//   bench_empty_site [--model FOLDER] [--precision bf16] [--batch 16] [--pairs 200] [--threads 2]
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/io/model_folder.h"
#include "graft/models/model.h"
#include "graft/nn/block.h"
#include "graft/statistics/students.h"
#include "graft/tensor/attention.h"
#include "graft/tensor/frozen_linear.h"
#include "graft/tensor/norm.h"
#include "graft/tensor/resting.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  std::string model;
  std::string precision = "bf16";
  int64_t batch = 16;
  int64_t pairs = 200;
  int64_t threads = 2;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "model folder: a ViT, or a CLIP for its image tower");
  visit("precision", o.precision, "of the frozen weights");
  visit("batch", o.batch, "images a pass");
  visit("pairs", o.pairs, "passes of each form");
  visit("threads", o.threads, "threads");
}

// The blocks and the last norm, written down without a site.
class Direct {
 public:
  Direct(models::Model& model, tensor::Precision precision) : carrier_(tensor::carrier(precision)) {
    const auto parameters = model.named_parameters();
    const auto of = [&](const std::string& name) { return parameters["vision." + name]; };
    const bool clip = model.info().family == "clip";
    const double eps = clip ? 1e-5 : 1e-12;  // open_clip's and transformers' ViT's
    activation_ = clip ? tensor::Activation::quick_gelu : tensor::Activation::gelu;
    heads_ = model.reader().width(1) / 64;
    const auto map = [&](const std::string& name) {
      return tensor::FrozenLinear(tensor::numbers_of(of(name + ".weight")), of(name + ".bias"), precision);
    };
    const auto norm = [&](const std::string& name) {
      return tensor::LayerNorm{of(name + ".weight"), of(name + ".bias"), eps};
    };
    for (int64_t i = 0; i < model.reader().blocks(); ++i) {
      const auto block = fmt::format("blocks.{}.", i);
      blocks_.push_back({norm(block + "norm1"), norm(block + "norm2"), map(block + "attn.qkv"),
                         map(block + "attn.proj"), map(block + "mlp.fc1"), map(block + "mlp.fc2")});
    }
    norm_ = norm("norm");
  }

  // tokens [B, T, D] -> the class token's features [B, D]
  at::Tensor operator()(const at::Tensor& tokens) const {
    auto stream = tokens;
    auto normed = tensor::layer_norm(stream, blocks_.front().norm1, carrier_);
    for (size_t i = 0; i + 1 < blocks_.size(); ++i) {
      const auto& block = blocks_[i];
      auto both = tensor::add_layer_norm(
          stream, block.proj.forward(tensor::attention(block.qkv.forward(normed), heads_)), block.norm2, carrier_);
      const auto change = block.fc2.forward(block.fc1.forward(both.normalised, activation_));
      both = tensor::add_layer_norm(both.stream, change, blocks_[i + 1].norm1, carrier_);
      stream = both.stream;
      normed = both.normalised;
    }
    const auto& last = blocks_.back();
    const auto rows = at::zeros({tokens.size(0)}, at::kLong);
    const auto qkv = last.qkv.forward(normed).chunk(3, 2);
    const auto mixed = tensor::attention(nn::take_rows(qkv[0], rows), qkv[1], qkv[2], heads_);
    const auto both =
        tensor::add_layer_norm(nn::take_rows(stream, rows), last.proj.forward(mixed), last.norm2, carrier_);
    const auto change = last.fc2.forward(last.fc1.forward(both.normalised, activation_));
    const auto out = both.stream + change.to(at::kFloat);
    return tensor::layer_norm(out, norm_, at::kFloat).squeeze(1);
  }

 private:
  struct Block {
    tensor::LayerNorm norm1, norm2;
    tensor::FrozenLinear qkv, proj, fc1, fc2;
  };
  std::vector<Block> blocks_;
  tensor::LayerNorm norm_;
  at::ScalarType carrier_;
  tensor::Activation activation_ = tensor::Activation::gelu;
  int64_t heads_ = 1;
};

double seconds(const std::function<at::Tensor()>& pass) {
  const double begin = bench::now();
  pass();
  return bench::now() - begin;
}

}  // namespace

int main(int argc, char** argv) {
  const auto o = bench::parse<Options>("empty_site", argc, argv);
  at::set_num_threads(static_cast<int>(o.threads));
  const torch::NoGradGuard no_grad;
  const auto precision = tensor::parse_precision(o.precision);
  const auto model = models::load_model(io::ModelFolder::find(o.model, {}), {.precision = precision});
  const auto size = model->info().preprocessing.output();
  torch::manual_seed(7);
  nn::Context context;
  const auto tokens = model->reader().run({torch::randn({o.batch, 3, size.height, size.width})}, 0, 1, context);
  const Direct direct(*model, precision);
  const auto with_sites = [&] {
    nn::Context fresh;
    return model->reader().run(tokens, 1, model->reader().pooled(), fresh).x;
  };
  const auto without = [&] { return direct(tokens.x); };
  GRAFT_ASSERT(at::equal(with_sites(), without()));

  std::vector<double> first, second, logs;
  for (int64_t i = 0; i < o.pairs; ++i) {  // who goes first takes turns too
    double a = 0, b = 0;
    if (i % 2 == 0) a = seconds(with_sites);
    b = seconds(without);
    if (i % 2 == 1) a = seconds(with_sites);
    first.push_back(a);
    second.push_back(b);
    logs.push_back(std::log(a / b));
  }
  const auto summary = statistics::summarise(logs);
  const nlohmann::json row = {{"model", o.model},
                              {"precision", o.precision},
                              {"batch", o.batch},
                              {"pairs", o.pairs},
                              {"with_sites_ms", 1e3 * bench::median(first)},
                              {"without_ms", 1e3 * bench::median(second)},
                              {"ratio", std::exp(summary.mean)},
                              {"ratio_low", std::exp(summary.interval.low)},
                              {"ratio_high", std::exp(summary.interval.high)}};
  fmt::print("{}\n", row.dump());
}
