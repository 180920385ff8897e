// Bottlenecks beside the MLPs of a frozen network's blocks (Chen et al. 2022, arXiv:2205.13535) that learn block by
// block, by Forward-Forward (Hinton 2022, arXiv:2212.13345): behind each block one layer's goodness is to lie above a
// threshold where the label beside the block's pooled rows is right and below it where it is wrong
// (methods/goodness.h). That loss reaches the bottleneck of its own block and no other: what a block reads is taken as
// it comes, no frozen map has a backward, and what a block kept for its gradient is gone before the next one begins, so
// that the memory of a step does not grow with the depth beyond the parameters' own gradients.
// An example's class is that whose label gives the most goodness, summed over the blocks. A departure from the paper:
// the label stands beside what a block's layer reads and not in the network's input, so that one pass through the
// network answers for all labels.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "graft/methods/entry.h"
#include "graft/methods/goodness.h"
#include "graft/methods/method.h"
#include "graft/nn/insert.h"

namespace graft::methods::local_adapter {

struct Options : GoodnessOptions {
  int64_t bottleneck = 64;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("bottleneck", o.bottleneck, "inner width of the network beside each MLP");
  visit("width", o.width, "of the layer behind each block whose goodness is asked for");
  visit("goodness", o.goodness, kGoodnessHelp);
  visit("threshold", o.threshold, kThresholdHelp);
  visit("negatives", o.negatives, kNegativesHelp);
  visit("label-scale", o.label_scale, kLabelScaleHelp);
}

// body(norm(x)) + up(relu(down(norm(x)))), the upper map zero at the start.
class Beside final : public nn::Insert {
 public:
  Beside(int64_t width, int64_t inner, Random& random);
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override;
  nn::Form form() const override;

 private:
  at::Tensor down_weight_, down_bias_, up_weight_, up_bias_;  // [r, D], [r], [D, r], [D]
};

// Reads the tokens that the first block reads, and runs the blocks itself. Parameters: block_K_weight_0,
// block_K_bias_0.
class BlockByBlock final : public models::Head {
 public:
  BlockByBlock(std::shared_ptr<models::Model> model, int64_t outputs, const Options& options, Random& random);

  bool reads_rows() const override { return false; }
  bool has_own_loss() const override { return true; }
  using Head::own_loss;
  // The sum of all blocks' losses. Its gradients are made block by block on the way, and backward() hands them on.
  at::Tensor own_loss(const at::Tensor& tokens, const at::Tensor& labels, nn::Context& context) const override;

  // What learns with the goodness behind block k, beside the layer there.
  void teach(int64_t k, std::shared_ptr<nn::Insert> insert);

 protected:
  at::Tensor frozen(const at::Tensor& tokens, nn::Context& context) const override;  // [B, C]

 private:
  std::vector<at::Tensor> parameters_of(size_t k) const;

  std::shared_ptr<models::Model> model_;
  std::vector<GoodnessLayers> layers_;               // one behind each block
  std::vector<std::shared_ptr<nn::Insert>> taught_;  // by block; null: none was put there
};

extern const Entry entry;

}  // namespace graft::methods::local_adapter
