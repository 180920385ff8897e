// What networks of convolutions are built from: paths of convolutions with batch norms, and their maps. Inside a
// network maps have channels second, [B, C, H, W] or [B, C, T, H, W] (channels last in memory); as the value of a place
// they have them last.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <vector>

#include "graft/nn/batch_norm.h"
#include "graft/nn/convolution.h"
#include "graft/nn/rerunnable.h"
#include "graft/nn/value.h"

namespace graft::models {

struct NormedConvolution {
  std::shared_ptr<nn::Convolution> convolution;
  std::shared_ptr<nn::BatchNorm> norm;

  at::Tensor operator()(const at::Tensor& x, const nn::Context& context) const {
    return norm->forward(convolution->forward(x, context), context);
  }
};

// Under `of`: convK.weight, normK.* from K = 1.
void register_path(torch::nn::Module& of, const std::vector<NormedConvolution>& path);
// Of the path's convolutions, those of them that are sites.
std::vector<nn::Joint*> joints_of(const std::vector<NormedConvolution>& path);

// Convolutions, each with a norm and a ReLU, and a pool behind them.
class ConvolutionPath final : public nn::Rerunnable {
 public:
  explicit ConvolutionPath(std::vector<NormedConvolution> path, std::optional<nn::MaxPool> pool = {});

  at::Tensor forward(at::Tensor x, const nn::Context& context) const;
  void forward(nn::Stream& stream, const nn::Context& context) const override;
  std::vector<nn::Joint*> joints() override { return joints_of(path_); }
  int64_t outputs() const { return path_.back().convolution->outputs(); }

 private:
  std::vector<NormedConvolution> path_;
  std::optional<nn::MaxPool> pool_;
};

// Pixels [B * T, 3, H, W], clip after clip -> [B, 3, T, H, W]. DataError for less than `least` frames.
at::Tensor clips_of(const nn::Value& pixels, int64_t least);
at::Tensor channels_last(const at::Tensor& maps);
at::Tensor channels_second(const at::Tensor& maps);
// Maps with channels last, or features, -> a row an example [B, C]: the mean over space and time.
at::Tensor mean_of_maps(const nn::Value& value);

}  // namespace graft::models
