#include "graft/methods/goodness.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <limits>

#include "graft/core/error.h"
#include "graft/methods/hidden_layers.h"
#include "graft/methods/initial.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods {

std::vector<std::pair<Goodness, std::string>> choices(Goodness) {
  return {{Goodness::sum, "sum"}, {Goodness::mean, "mean"}};
}

std::vector<std::pair<Negatives, std::string>> choices(Negatives) {
  return {{Negatives::random, "random"}, {Negatives::hard, "hard"}};
}

void check_goodness(const char* where, const GoodnessOptions& options) {
  check_hidden_layers(where, options.width, options.layers);
  if (!(options.threshold > 0)) throw ConfigError(where, "--threshold {}: expected more than 0.", options.threshold);
  if (!(options.label_scale > 0))
    throw ConfigError(where, "--label-scale {}: expected more than 0.", options.label_scale);
}

GoodnessLayers::GoodnessLayers(torch::nn::Module& owner, const std::string& prefix, int64_t features, int64_t outputs,
                               const GoodnessOptions& options, Random& random)
    : options_(options),
      outputs_(outputs),
      threshold_(options.goodness == Goodness::sum ? options.threshold * static_cast<double>(options.width)
                                                   : options.threshold) {
  int64_t in = features + outputs;
  for (int64_t l = 0; l < options.layers; ++l) {
    weights_.push_back(
        owner.register_parameter(fmt::format("{}weight_{}", prefix, l), kaiming_uniform(options.width, in, random)));
    biases_.push_back(
        owner.register_parameter(fmt::format("{}bias_{}", prefix, l), at::zeros({options.width}, tensor::on_cpu())));
    in = options.width;
  }
}

std::vector<at::Tensor> GoodnessLayers::parameters() const {
  auto all = weights_;
  all.insert(all.end(), biases_.begin(), biases_.end());
  return all;
}

at::Tensor GoodnessLayers::goodness(const at::Tensor& activities) const {
  const auto squares = activities.square();
  return options_.goodness == Goodness::mean ? squares.mean(-1) : squares.sum(-1);
}

// The first layer's product with the features is the same for all labels; that with a label is a column of its weight.
at::Tensor GoodnessLayers::of_labels(const at::Tensor& features) const {
  const int64_t width = features.size(1);
  const auto of_features =
      at::linear(with_unit_rms(features), weights_[0].narrow(1, 0, width), biases_[0]).unsqueeze(1);
  const auto of_labels = weights_[0].narrow(1, width, outputs_).t() * options_.label_scale;
  auto h = at::relu(of_features + of_labels).flatten(0, 1);  // [B * C, H]
  auto all = weights_.size() == 1 ? goodness(h) : at::Tensor();
  for (size_t l = 1; l < weights_.size(); ++l) {
    h = at::relu(at::linear(with_unit_rms(h), weights_[l], biases_[l]));
    all = all.defined() ? all + goodness(h) : goodness(h);
  }
  return all.view({features.size(0), outputs_});
}

at::Tensor GoodnessLayers::wrong_labels(const at::Tensor& features, const at::Tensor& labels,
                                        const std::optional<at::Generator>& generator) const {
  const torch::NoGradGuard no_grad;
  at::Tensor chances = at::ones({labels.size(0), outputs_}, features.options());
  if (options_.negatives == Negatives::hard) {
    auto scores = of_labels(features);
    if (options_.goodness == Goodness::sum) scores = scores / static_cast<double>(options_.width);
    chances = scores.scatter(1, labels.unsqueeze(1), -std::numeric_limits<double>::infinity()).softmax(1);
  } else {
    chances.scatter_(1, labels.unsqueeze(1), 0);
  }
  return at::multinomial(chances, 1, /*replacement=*/true, generator).squeeze(1);
}

at::Tensor GoodnessLayers::loss(const at::Tensor& features, const at::Tensor& labels,
                                const std::optional<at::Generator>& generator) const {
  const auto wrong = wrong_labels(features, labels, generator);
  const auto told = at::one_hot(at::cat({labels, wrong}), outputs_).to(features.scalar_type()) * options_.label_scale;
  auto input = at::cat({with_unit_rms(features).repeat({2, 1}), told}, 1);
  at::Tensor loss;
  for (size_t l = 0; l < weights_.size(); ++l) {
    const auto h = at::relu(at::linear(input, weights_[l], biases_[l]));
    const auto halves = goodness(h).chunk(2);
    const auto own = (at::softplus(threshold_ - halves[0]) + at::softplus(halves[1] - threshold_)).mean();
    loss = loss.defined() ? loss + own : own;
    input = with_unit_rms(h.detach());
  }
  return loss;
}

}  // namespace graft::methods
