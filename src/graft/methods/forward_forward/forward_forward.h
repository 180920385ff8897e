// Forward-Forward: layers that learn by themselves, after Hinton 2022 (arXiv:2212.13345), sec. 2 and 3. No gradient
// goes from one layer to another. The label is part of the input; a layer's goodness (the sum or the mean of its
// squared activities) is to lie above a threshold where the label is right and below it where it is wrong:
//   h_l = relu(W_l n(h_{l-1}) + b_l),  loss_l = softplus(theta - g(h_l(right))) + softplus(g(h_l(wrong)) - theta)
// n brings a vector to root mean square 1, so that no layer reads the one below it by its length. An example's class is
// that whose label gives the most goodness, summed over all layers but the first where there are more.
// The mean of the squares is another loss than their sum: its log-odds are a width's part of theirs, and it learns more
// slowly. A departure: the label stands beside the features, not in place of their first ones, which in MNIST are a
// black margin and elsewhere are not.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/methods/entry.h"
#include "graft/methods/method.h"

namespace graft::methods::forward_forward {

enum class Goodness { sum, mean };
std::vector<std::pair<Goodness, std::string>> choices(Goodness);
enum class Negatives { random, hard };
std::vector<std::pair<Negatives, std::string>> choices(Negatives);

struct Options {
  int64_t width = 512;
  int64_t layers = 2;
  Goodness goodness = Goodness::sum;
  double threshold = 1;
  Negatives negatives = Negatives::hard;
  double label_scale = 3;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("width", o.width, "of a layer");
  visit("layers", o.layers, "layers, each of which learns by itself");
  visit("goodness", o.goodness, "of a layer's squared activities: their sum, as the paper has it, or their mean");
  visit("threshold", o.threshold,
        "goodness that tells right labels from wrong ones; of a sum, for each unit of the layer");
  visit("negatives", o.negatives,
        "wrong labels: any, or hard ones, drawn as the network itself would now take them for right");
  visit("label-scale", o.label_scale, "of the label beside features of root mean square 1");
}

class Network final : public models::Head {
 public:
  Network(int64_t features, int64_t outputs, const Options& options, Random& random);

  // The sum of all layers' losses, each of which reaches its own layer alone. `labels` [B].
  at::Tensor own_loss(const at::Tensor& features, const at::Tensor& labels, nn::Context& context) const override;
  bool has_own_loss() const override { return true; }

  // The goodness of each label: [B, C].
  at::Tensor goodness_of_labels(const at::Tensor& features) const;

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context& context) const override;

 private:
  at::Tensor goodness(const at::Tensor& activities) const;  // [..., H] -> [...]
  at::Tensor wrong_labels(const at::Tensor& features, const at::Tensor& labels, nn::Context& context) const;

  Options options_;
  double threshold_;
  std::vector<at::Tensor> weights_, biases_;  // [H, E + C], then [H, H]
};

extern const Entry entry;

}  // namespace graft::methods::forward_forward
