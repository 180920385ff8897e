#include "graft/discovery/refinement/crf/crf.h"

#include "graft/core/error.h"
#include "graft/discovery/refinement/permutohedral.h"
#include "tests/discovery/golden.h"

namespace graft::discovery {
namespace {

// All pairs of points, [N, N] float64.
at::Tensor gaussian_kernel(const std::vector<double>& features, int64_t dimensions) {
  const auto points = torch::tensor(features, at::kDouble).view({-1, dimensions});
  return at::exp(-0.5 * at::cdist(points, points).square());
}

at::Tensor normalised_on_both_sides(const at::Tensor& kernel) {
  const auto root = kernel.sum(1).sqrt();
  return kernel / root.unsqueeze(1) / root.unsqueeze(0);
}

data::Image golden_photo() {
  const auto pixels = golden("bilateral/image");
  const auto* bytes = pixels.const_data_ptr<std::uint8_t>();
  return {.width = static_cast<int>(pixels.size(1)),
          .height = static_cast<int>(pixels.size(0)),
          .rgb = {bytes, bytes + pixels.numel()}};
}

// The mean field of the whole kernels, Krähenbühl & Koltun 2011, algorithm 1, with two labels written out.
at::Tensor dense_mean_field(const data::Image& photo, const at::Tensor& map, const crf::Options& options) {
  const auto near = normalised_on_both_sides(gaussian_kernel(crf::appearance_features(photo, options), 5));
  const auto smooth = normalised_on_both_sides(gaussian_kernel(crf::smoothness_features(photo, options), 2));
  const auto object = (0.5 + (options.confidence - 0.5) * (2 * map.to(at::kDouble).flatten() - 1)).unsqueeze(1);
  const auto unary = -at::cat({1 - object, object}, 1).log();  // [N, 2]
  auto q = at::softmax(-unary, 1);
  for (int64_t step = 0; step < options.iterations; ++step) {
    const auto messages = options.appearance * at::mm(near, q) + options.smoothness * at::mm(smooth, q);
    // Potts: a label pays for what the other label's pixels send, which is all that its own do not.
    q = at::softmax(-unary - messages.flip(1), 1);
  }
  return q.select(1, 1).view(map.sizes());
}

TEST(Permutohedral, FiltersNearlyAsTheWholeGaussianDoes) {
  const auto photo = golden_photo();
  const auto map = golden("bilateral/map").contiguous();
  const auto* numbers = map.const_data_ptr<double>();
  const std::vector<double> values(numbers, numbers + map.numel()), ones(values.size(), 1);
  crf::Options options;
  options.theta_alpha = 6;
  options.theta_beta = 40;
  const auto compare = [&](const std::vector<double>& features, int dimensions) {
    const PermutohedralLattice lattice(features, dimensions);
    const auto ours =
        torch::tensor(lattice.filtered(values, 1), at::kDouble) / torch::tensor(lattice.filtered(ones, 1), at::kDouble);
    const auto kernel = gaussian_kernel(features, dimensions);
    return largest_difference(ours, at::mv(kernel, map.flatten()) / kernel.sum(1));
  };
  EXPECT_LT(compare(crf::smoothness_features(photo, options), 2), 0.06);
  EXPECT_LT(compare(crf::appearance_features(photo, options), 5), 0.08);
}

TEST(Permutohedral, ChannelsAreFilteredAlike) {
  const auto photo = golden_photo();
  const PermutohedralLattice lattice(crf::smoothness_features(photo, {}), 2);
  std::vector<double> one, two;
  for (int i = 0; i < photo.width * photo.height; ++i) {
    one.push_back(i % 7);
    two.insert(two.end(), {static_cast<double>(i % 7), 1.0});
  }
  const auto alone = lattice.filtered(one, 1), beside = lattice.filtered(two, 2);
  for (size_t i = 0; i < alone.size(); ++i)
    EXPECT_NEAR(beside[2 * i], alone[i], 1e-12);
}

TEST(Crf, IsNearlyTheMeanFieldOfTheWholeKernels) {
  const auto photo = golden_photo();
  const auto map = golden("bilateral/map").clamp(0, 1);
  crf::Options options;
  options.theta_alpha = 8;
  options.theta_beta = 30;
  options.appearance = 4;
  options.smoothness = 1;
  const auto dense = dense_mean_field(photo, map, options);
  const auto ours = make_refinement("crf:theta-alpha=8,theta-beta=30,appearance=4,smoothness=1")
                        ->refine(photo, map.to(at::kFloat))
                        .to(at::kDouble);
  EXPECT_LT((ours - dense).abs().mean().item<double>(), 0.02);
  EXPECT_GT(((ours > 0.5) == (dense > 0.5)).to(at::kDouble).mean().item<double>(), 0.97);
  // and the field changes the map: it is not that both leave it alone
  EXPECT_GT(((dense > 0.5) != (map > 0.5)).sum().item<int64_t>(), 5);
}

TEST(Crf, RefusesWhatIsNoField) {
  EXPECT_THROW(make_refinement("crf:theta-beta=0"), ConfigError);
  EXPECT_THROW(make_refinement("crf:confidence=1"), ConfigError);
  EXPECT_THROW(make_refinement("crf:iterations=0"), ConfigError);
}

}  // namespace
}  // namespace graft::discovery
