#include "graft/discovery/saliency/found/head.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "graft/core/error.h"
#include "graft/core/random.h"
#include "graft/core/signals.h"
#include "graft/discovery/refinement/bilateral/bilateral.h"
#include "graft/discovery/refinement/bilateral_grid.h"
#include "graft/discovery/saliency/found/found.h"
#include "graft/io/weights.h"
#include "graft/nn/tensor_file.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery::found {
namespace {

constexpr int kPixelsAPatch = 8;  // as of the ViT that the paper trains on
constexpr int64_t kBackgroundSteps = 100;
constexpr double kRefinedWeight = 1.5, kOwnWeight = 4;
constexpr double kRate = 5e-2, kRateFactor = 0.95;
constexpr int64_t kRateSteps = 50;

struct LearntPhoto {
  at::Tensor keys;        // [N, D]
  at::Tensor background;  // [N] bool: the first stage's object, refined
  nn::Grid grid;
  EdgeFollower edges;
};

std::vector<LearntPhoto> look_at(const SeenPhotos& photos, double tau, const HeadTraining& training, Random random,
                                 Reporter& report) {
  const auto chosen = some_of(photos.size(), training.photos, random);
  std::vector<LearntPhoto> learnt;
  for (size_t at = 0; at < chosen.size(); ++at) {
    stop_if_asked();
    const auto seen = photos.see(chosen[at]);
    report.progress({"keys", static_cast<int64_t>(at) + 1, static_cast<int64_t>(chosen.size()), "", 0, "photos"});
    const auto& patches = *seen.patches;
    if (are_alike(patches.keys)) continue;
    EdgeFollower edges(*seen.pixels, patches.grid);
    const auto object = (background_of(patches).likeness <= tau).view({patches.grid.rows, patches.grid.columns});
    learnt.push_back({patches.keys, edges.follow(object).flatten(), patches.grid, std::move(edges)});
  }
  return learnt;
}

}  // namespace

struct EdgeFollower::Grid {
  BilateralGrid cells;
  data::Size size;
};

EdgeFollower::EdgeFollower(const data::Image& photo, nn::Grid grid) {
  const data::Size size{static_cast<int>(grid.rows) * kPixelsAPatch, static_cast<int>(grid.columns) * kPixelsAPatch};
  const bilateral::Options options;
  grid_ = std::make_unique<Grid>(Grid{BilateralGrid(data::resize(photo, size, data::Filter::bilinear),
                                                    {options.sigma_spatial, options.sigma_luma, options.sigma_chroma}),
                                      size});
}
EdgeFollower::~EdgeFollower() = default;
EdgeFollower::EdgeFollower(EdgeFollower&&) noexcept = default;

at::Tensor EdgeFollower::follow(const at::Tensor& mask) const {
  const auto sized = [](const at::Tensor& map, int64_t rows, int64_t columns) {
    return at::upsample_bilinear2d(map.view({1, 1, map.size(0), map.size(1)}), {rows, columns},
                                   /*align_corners=*/false)[0][0];
  };
  const auto given = sized(mask.to(at::kFloat), grid_->size.height, grid_->size.width).to(at::kDouble).contiguous();
  const auto* first = given.const_data_ptr<double>();
  auto solved = bilateral::solve(grid_->cells, {first, first + given.numel()}, {});
  const auto refined = torch::from_blob(solved.data(), given.sizes(), tensor::on_cpu(at::kDouble)) > 0.5;
  const auto coarse = given > 0.5;
  const auto both = (coarse & refined).sum().item<double>(), either = (coarse | refined).sum().item<double>();
  if (both <= 0.5 * either) return mask;
  return sized(refined.to(at::kFloat), mask.size(0), mask.size(1)) > 0;
}

PatchHead read_head(const std::filesystem::path& file) {
  nn::NamedTensors tensors;
  const auto weights = io::Weights::open(file);
  for (const auto& [name, ignored] : weights.tensors())
    tensors[name] = nn::to_tensor(weights.at(name)).clone();
  return head_of("found", file.string(), tensors);
}

at::Tensor head_loss(const PatchHead& head, const std::vector<HeadStep>& batch) {
  std::vector<at::Tensor> keys, background, own, refined;
  for (const auto& photo : batch) {
    keys.push_back(photo.keys);
    own.push_back(photo.own);
    refined.push_back(photo.refined);
    if (photo.background.defined()) background.push_back(photo.background);
  }
  const auto logits = head.logits(at::cat(keys));
  const auto to = [&](const std::vector<at::Tensor>& masks) {
    return at::binary_cross_entropy_with_logits(logits, at::cat(masks).to(logits.scalar_type()));
  };
  const auto loss = kRefinedWeight * to(refined);
  return background.empty() ? loss + kOwnWeight * to(own) : loss + to(background);
}

PatchHead train_head(const SeenPhotos& photos, double tau, const HeadTraining& training, Reporter& report) {
  const Random random(static_cast<uint64_t>(training.seed));
  auto learnt = look_at(photos, tau, training, random.fork("photos"), report);
  if (learnt.empty())
    throw DataError("found", "none of {} photos has anything that stands out: there is nothing to learn of.",
                    photos.size());
  std::vector<at::Tensor> keys;
  for (const auto& photo : learnt)
    keys.push_back(photo.keys);
  const Standard standard(keys);
  for (auto& photo : learnt)
    photo.keys = standard.of(photo.keys);
  const auto head = first_head(learnt[0].keys.size(1), random.fork("head"));
  HeadOptimizer optimizer({head.weight, head.bias});
  std::vector<size_t> waiting;
  double rate = kRate, first = 0, last = 0;
  for (int64_t step = 0; step < training.steps; ++step) {
    stop_if_asked();
    std::vector<HeadStep> batch;
    std::vector<const LearntPhoto*> of_batch;
    for (int64_t i = 0; i < std::min<int64_t>(training.batch, static_cast<int64_t>(learnt.size())); ++i) {
      if (waiting.empty()) waiting = shuffled(learnt.size(), random.fork("order").fork(static_cast<uint64_t>(step)));
      const auto& photo = learnt[waiting.back()];
      waiting.pop_back();
      of_batch.push_back(&photo);
      const auto own = [&] {
        const torch::NoGradGuard no_grad;
        return head.logits(photo.keys) > 0;
      }();
      batch.push_back({photo.keys, step < kBackgroundSteps ? photo.background : at::Tensor(), own, {}});
    }
    at::parallel_for(0, static_cast<int64_t>(batch.size()), 1, [&](int64_t begin, int64_t end) {
      const torch::NoGradGuard no_grad;
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
        const auto grid = of_batch[i]->grid;
        batch[i].refined = of_batch[i]->edges.follow(batch[i].own.view({grid.rows, grid.columns})).flatten();
      }
    });
    const auto loss = head_loss(head, batch);
    loss.backward();
    optimizer.step(rate);
    if ((step + 1) % kRateSteps == 0) rate *= kRateFactor;
    last = loss.item<double>();
    if (step == 0) first = last;
    report.progress({"head", step + 1, training.steps, fmt::format("loss {:.3f}", last), 0, "steps"});
  }
  if (!std::isfinite(last))
    throw DivergenceError("found", "the head's loss is {}: its training did not converge.", last);
  report.line("head", fmt::format("{} numbers learned of {} photos in {} steps: loss {:.3f} -> {:.3f}",
                                  head.weight.numel() + 1, learnt.size(), training.steps, first, last));
  return standard.folded(head);
}

}  // namespace graft::discovery::found
