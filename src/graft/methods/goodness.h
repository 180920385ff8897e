// Goodness, by which a layer learns by itself, after Hinton 2022 (arXiv:2212.13345), sec. 2 and 3: the sum or the mean
// of its squared activities is to lie above a threshold where the label that stands beside the features is right, and
// below it where it is wrong:
//   h_l = relu(W_l n(h_{l-1}) + b_l),  loss_l = softplus(theta - g(h_l(right))) + softplus(g(h_l(wrong)) - theta)
// n brings a vector to root mean square 1, so that no layer reads the one below it by its length.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"

namespace graft::methods {

enum class Goodness { sum, mean };
std::vector<std::pair<Goodness, std::string>> choices(Goodness);
enum class Negatives { random, hard };
std::vector<std::pair<Negatives, std::string>> choices(Negatives);

struct GoodnessOptions {
  int64_t width = 512;
  int64_t layers = 1;
  Goodness goodness = Goodness::sum;
  double threshold = 1;  // of a sum, for each unit
  Negatives negatives = Negatives::hard;
  double label_scale = 3;
};

// ConfigError at `where` for sizes, a threshold or a scale that cannot be.
void check_goodness(const char* where, const GoodnessOptions& options);

// What to say of the options that methods with such layers share.
inline constexpr const char* kGoodnessHelp =
    "of a layer's squared activities: their sum, as the paper has it, or their mean";
inline constexpr const char* kThresholdHelp =
    "goodness that tells right labels from wrong ones; of a sum, for each unit of the layer";
inline constexpr const char* kNegativesHelp =
    "wrong labels: any, or hard ones, drawn as the network itself would now take them for right";
inline constexpr const char* kLabelScaleHelp = "of the label beside features of root mean square 1";

class GoodnessLayers {
 public:
  // Its parameters are the owner's: <prefix>weight_0 [H, E + C], <prefix>bias_0 [H], <prefix>weight_1 [H, H], ...
  GoodnessLayers(torch::nn::Module& owner, const std::string& prefix, int64_t features, int64_t outputs,
                 const GoodnessOptions& options, Random& random);

  // features [B, E] -> the goodness of each label, summed over all layers but the first where there are more: [B, C]
  at::Tensor of_labels(const at::Tensor& features) const;
  // The sum of all layers' losses, each of which reaches its own layer alone, and the first one's the features too.
  // labels [B] int64
  at::Tensor loss(const at::Tensor& features, const at::Tensor& labels,
                  const std::optional<at::Generator>& generator) const;
  std::vector<at::Tensor> parameters() const;

 private:
  at::Tensor goodness(const at::Tensor& activities) const;  // [..., H] -> [...]
  at::Tensor wrong_labels(const at::Tensor& features, const at::Tensor& labels,
                          const std::optional<at::Generator>& generator) const;

  GoodnessOptions options_;
  int64_t outputs_;
  double threshold_;
  std::vector<at::Tensor> weights_, biases_;
};

}  // namespace graft::methods
