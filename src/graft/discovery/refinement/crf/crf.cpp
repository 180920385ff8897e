#include "graft/discovery/refinement/crf/crf.h"

#include <torch/types.h>

#include <cmath>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/discovery/refinement/permutohedral.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery::crf {
namespace {

// Of a kernel K: D^-1/2 K D^-1/2 with D the sums of K's rows.
class NormalisedKernel {
 public:
  NormalisedKernel(const std::vector<double>& features, int dimensions) : lattice_(features, dimensions) {
    const std::vector<double> ones(features.size() / static_cast<size_t>(dimensions), 1);
    scale_ = lattice_.filtered(ones, 1);
    for (auto& sum : scale_)
      sum = 1 / std::sqrt(sum);
  }
  std::vector<double> times(std::vector<double> x) const {
    for (size_t i = 0; i < x.size(); ++i)
      x[i] *= scale_[i];
    x = lattice_.filtered(x, 1);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] *= scale_[i];
    return x;
  }

 private:
  PermutohedralLattice lattice_;
  std::vector<double> scale_;
};

class DenseCrf final : public Refinement {
 public:
  explicit DenseCrf(Options options) : options_(options) {
    for (const auto& [name, value] :
         {std::pair("theta-alpha", options_.theta_alpha), std::pair("theta-beta", options_.theta_beta),
          std::pair("theta-gamma", options_.theta_gamma)}) {
      if (value < 0.1) throw ConfigError("crf", "{} {}: expected 0.1 or more.", name, value);
    }
    if (options_.appearance < 0 || options_.smoothness < 0)
      throw ConfigError("crf", "appearance {}, smoothness {}: expected 0 or more.", options_.appearance,
                        options_.smoothness);
    if (options_.confidence <= 0.5 || options_.confidence >= 1)
      throw ConfigError("crf", "confidence {}: expected above 0.5 and below 1.", options_.confidence);
    if (options_.iterations < 1) throw ConfigError("crf", "iterations {}: expected 1 or more.", options_.iterations);
  }

  // Of two labels only the difference counts: with p the object's probability, Potts' messages add
  // w K (2 p - 1) to its log-odds.
  at::Tensor refine(const data::Image& photo, const at::Tensor& map) const override {
    const NormalisedKernel appearance(appearance_features(photo, options_), 5);
    const NormalisedKernel smoothness(smoothness_features(photo, options_), 2);
    const auto given = map.to(at::kDouble).contiguous();
    const auto* numbers = given.const_data_ptr<double>();
    std::vector<double> unary(static_cast<size_t>(given.numel())), p(unary.size()), signed_p(unary.size());
    for (size_t i = 0; i < unary.size(); ++i) {
      p[i] = 0.5 + (options_.confidence - 0.5) * (2 * numbers[i] - 1);
      unary[i] = std::log(p[i] / (1 - p[i]));
    }
    for (int64_t step = 0; step < options_.iterations; ++step) {
      stop_if_asked();
      for (size_t i = 0; i < p.size(); ++i)
        signed_p[i] = 2 * p[i] - 1;
      const auto near = appearance.times(signed_p), smooth = smoothness.times(signed_p);
      for (size_t i = 0; i < p.size(); ++i)
        p[i] = 1 / (1 + std::exp(-(unary[i] + options_.appearance * near[i] + options_.smoothness * smooth[i])));
    }
    return torch::from_blob(p.data(), map.sizes(), tensor::on_cpu(at::kDouble)).to(at::kFloat);
  }

 private:
  Options options_;
};

}  // namespace

std::vector<double> appearance_features(const data::Image& photo, const Options& options) {
  std::vector<double> features;
  for (int y = 0; y < photo.height; ++y) {
    for (int x = 0; x < photo.width; ++x) {
      const auto* rgb =
          &photo.rgb[3 * (static_cast<size_t>(y) * static_cast<size_t>(photo.width) + static_cast<size_t>(x))];
      features.insert(features.end(), {x / options.theta_alpha, y / options.theta_alpha, rgb[0] / options.theta_beta,
                                       rgb[1] / options.theta_beta, rgb[2] / options.theta_beta});
    }
  }
  return features;
}

std::vector<double> smoothness_features(const data::Image& photo, const Options& options) {
  std::vector<double> features;
  for (int y = 0; y < photo.height; ++y) {
    for (int x = 0; x < photo.width; ++x)
      features.insert(features.end(), {x / options.theta_gamma, y / options.theta_gamma});
  }
  return features;
}

extern const RefinementEntry entry = {
    .name = "crf",
    .summary = "a fully connected field over place and colour, by mean field",
    .paper = "Krähenbühl & Koltun 2011, arXiv:1210.5644",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Refinement> {
      return std::make_unique<DenseCrf>(read_options<Options>("crf", values));
    },
};

}  // namespace graft::discovery::crf
