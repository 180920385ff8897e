#include "graft/plugins/blocks/nonlocal/nonlocal.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/methods/initial.h"
#include "graft/nn/batch_norm.h"
#include "graft/plugins/blocks/positions.h"
#include "graft/tensor/on_cpu.h"

namespace graft::plugins::nonlocal {
namespace {

constexpr double kStd = 0.01, kEps = 1e-5;
constexpr int64_t kMostByTwos = 7, kSpread = 3;

bool is_softmax(Form form) {
  return form == Form::embedded || form == Form::gaussian;
}

class NonLocal final : public nn::Insert {
 public:
  NonLocal(const Options& options, int64_t width, Random& random) : options_(options) {
    const auto inner = options.width.value_or(std::max<int64_t>(1, width / 2));
    const bool softmax = is_softmax(options.form), normed = options.norm == Norm::batch;
    if (options.form != Form::gaussian) {
      theta_ = map("theta", {inner, width}, true, random);
      phi_ = map("phi", {inner, width}, !softmax, random);
    }
    if (options.form == Form::concatenation)
      sum_ = register_parameter("sum", methods::normal({2, inner}, kStd, random));
    g_ = map("g", {inner, width}, !(softmax && normed), random);
    last_ = map("last", {width, inner}, !normed, random, normed ? kStd : 0);
    if (!normed) return;
    const auto zeros = [&] { return torch::zeros({width}, tensor::on_cpu()); };
    norm_ = register_module("norm", std::make_shared<nn::BatchNorm>(zeros(), zeros(), zeros(), zeros() + 1, kEps));
    norm_->go_by_batch(true);
    for (auto& parameter : norm_->parameters())
      parameter.requires_grad_();
  }

  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override {
    const auto maps = frozen(x);
    const auto here = positions(maps), there = positions(compared(maps));
    const auto y = at::matmul(weights(here, there), g_(there));  // [B, N, D]
    auto z = last_(y);
    if (norm_) z = norm_->forward(z.flatten(0, 1), context).view_as(z);
    return maps + z.transpose(1, 2).view_as(maps);
  }

 private:
  struct Map {
    at::Tensor weight, bias;  // [out, in], [out] or undefined
    at::Tensor operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }
  };

  Map map(const std::string& name, at::IntArrayRef shape, bool has_bias, Random& random, double std = kStd) {
    Map map{register_parameter(name + "_weight", methods::normal(shape, std, random)), {}};
    if (has_bias) map.bias = register_parameter(name + "_bias", torch::zeros({shape[0]}, tensor::on_cpu()));
    return map;
  }

  at::Tensor compared(const at::Tensor& maps) const {
    const bool fits = maps.size(2) > 1 && maps.size(3) > 1;
    return options_.pool && fits ? at::max_pool2d(maps, {2, 2}, {2, 2}) : maps;
  }

  // here [B, N, C], there [B, M, C] -> how much of each position of `there` each of `here` takes, [B, N, M]
  at::Tensor weights(const at::Tensor& here, const at::Tensor& there) const {
    const auto from = theta_.weight.defined() ? theta_(here) : here, to = phi_.weight.defined() ? phi_(there) : there;
    if (options_.form == Form::concatenation) {
      const auto sums = at::matmul(from, sum_[0]).unsqueeze(2) + at::matmul(to, sum_[1]).unsqueeze(1);
      return at::relu(sums) / static_cast<double>(there.size(1));
    }
    const auto products = at::matmul(from, to.transpose(1, 2));
    if (!is_softmax(options_.form)) return products / static_cast<double>(there.size(1));
    const double scale = options_.scale ? 1 / std::sqrt(static_cast<double>(from.size(2))) : 1;
    return at::softmax(products * scale, -1);
  }

  Options options_;
  Map theta_, phi_, g_, last_;
  at::Tensor sum_;  // [2, D]: of the embedding of a position, and of that which it is compared with
  std::shared_ptr<nn::BatchNorm> norm_;
};

class NonLocalBlock final : public Block {
 public:
  explicit NonLocalBlock(Options options) : options_(std::move(options)) {
    if (options_.width && *options_.width < 1)
      throw ConfigError("nonlocal", "--width: expected 1 or more, got {}.", *options_.width);
    if (options_.scale && !is_softmax(options_.form)) {
      throw ConfigError("nonlocal",
                        "--scale with --form {}: there products are divided by the number of positions. Leave --scale "
                        "out.",
                        option::print(options_.form));
    }
  }

  std::string at() const override { return options_.at; }
  bool stands_behind() const override { return true; }
  std::vector<size_t> usual_places(const std::vector<int64_t>& widths) const override {
    return nonlocal::usual_places(widths);
  }
  std::shared_ptr<nn::Insert> make(int64_t width, Random& random) const override {
    return std::make_shared<NonLocal>(options_, width, random);
  }

 private:
  Options options_;
};

}  // namespace

std::vector<std::pair<Form, std::string>> choices(Form) {
  return {{Form::embedded, "embedded"},
          {Form::gaussian, "gaussian"},
          {Form::dot, "dot"},
          {Form::concatenation, "concatenation"}};
}

std::vector<std::pair<Norm, std::string>> choices(Norm) {
  return {{Norm::batch, "batch"}, {Norm::none, "none"}};
}

std::vector<size_t> usual_places(const std::vector<int64_t>& widths) {
  struct Group {
    size_t begin, count;
  };
  std::vector<Group> groups;
  for (size_t i = 0; i < widths.size(); ++i) {
    if (i == 0 || widths[i] != widths[i - 1]) groups.push_back({i, 0});
    ++groups.back().count;
  }
  std::vector<size_t> places;
  for (size_t group = 1; group < std::min<size_t>(groups.size(), 3); ++group) {
    const auto [begin, count] = groups[group];
    const size_t each = group == 2 && count > kMostByTwos ? count / kSpread : std::min<size_t>(count, 2);
    for (size_t k = each - 1; k < count; k += each)
      places.push_back(begin + k);
  }
  if (places.empty()) places.push_back(widths.size() - 1);  // all of one width
  return places;
}

const BlockEntry entry{
    .name = "nonlocal",
    .summary = "each position of a map reads all others",
    .paper = "Wang et al. 2018, arXiv:1711.07971",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Block> {
      return std::make_unique<NonLocalBlock>(read_options<Options>("nonlocal", values));
    },
    .not_on_tokens = "it is what attention does between them already, in each block",
};

}  // namespace graft::plugins::nonlocal
