#include "graft/discovery/saliency/found/head.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numeric>

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

std::vector<size_t> shuffled(size_t count, Random random) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = count; i > 1; --i)
    std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

std::vector<LearntPhoto> look_at(const SeenPhotos& photos, double tau, const HeadTraining& training, Random random,
                                 Reporter& report) {
  auto chosen = shuffled(photos.size(), random);
  chosen.resize(std::min(chosen.size(), static_cast<size_t>(training.photos)));
  std::ranges::sort(chosen);
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

Head first_head(int64_t width, Random random) {  // as PyTorch begins a convolution
  const double bound = 1 / std::sqrt(static_cast<double>(width));
  Head head{at::empty({width}, tensor::on_cpu()), at::empty({1}, tensor::on_cpu())};
  for (auto* tensor : {&head.weight, &head.bias}) {
    for (int64_t i = 0; i < tensor->numel(); ++i)
      tensor->data_ptr<float>()[i] = static_cast<float>(random.uniform(-bound, bound));
  }
  return head;
}

// What makes the keys of all photos have mean 0 and variance 1 in each of their numbers.
struct Standard {
  at::Tensor mean, spread;  // [D]

  explicit Standard(const std::vector<LearntPhoto>& photos) {
    std::vector<at::Tensor> keys;
    for (const auto& photo : photos)
      keys.push_back(photo.keys);
    const auto all = at::cat(keys);
    mean = all.mean(0);
    spread = all.std(0, /*unbiased=*/false).clamp_min(1e-6);
  }

  // A head for such keys as one for the keys as they are.
  Head folded(const Head& head) const {
    const auto weight = head.weight / spread;
    return {weight, head.bias - at::dot(weight, mean)};
  }
};

}  // namespace

HeadOptimizer::HeadOptimizer(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {
  for (const auto& parameter : parameters_) {
    first_.push_back(at::zeros_like(parameter));
    second_.push_back(at::zeros_like(parameter));
  }
}

void HeadOptimizer::step(double rate) {
  const torch::NoGradGuard no_grad;
  constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEps = 1e-8, kDecay = 0.01;
  ++steps_;
  const double correction1 = 1 - std::pow(kBeta1, steps_), correction2 = 1 - std::pow(kBeta2, steps_);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    auto& parameter = parameters_[i];
    const auto gradient = parameter.grad();
    parameter.mul_(1 - rate * kDecay);
    first_[i].mul_(kBeta1).add_(gradient, 1 - kBeta1);
    second_[i].mul_(kBeta2).addcmul_(gradient, gradient, 1 - kBeta2);
    parameter.addcdiv_(first_[i], second_[i].sqrt() / std::sqrt(correction2) + kEps, -rate / correction1);
    parameter.mutable_grad() = at::Tensor();
  }
}

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

at::Tensor Head::logits(const at::Tensor& keys) const {
  if (keys.size(1) != weight.size(0))
    throw ModelError("found",
                     "the head is for keys {} wide, the model's have {}: expected the ViT that it was trained on.",
                     weight.size(0), keys.size(1));
  return at::mv(keys, weight) + bias;
}

nn::NamedTensors Head::named() const {
  return {{"decoder.weight", weight.view({1, -1, 1, 1})}, {"decoder.bias", bias}};
}

Head head_of(const nn::NamedTensors& tensors, std::string_view source) {
  std::vector<std::string> odd;
  for (const auto& [name, tensor] : tensors) {
    const bool fits = name == "decoder.bias"
                          ? tensor.numel() == 1
                          : name == "decoder.weight" && tensor.dim() >= 2 && tensor.numel() == tensor.size(1);
    if (!fits) odd.push_back(fmt::format("{} [{}]", name, fmt::join(tensor.sizes(), ", ")));
  }
  if (!odd.empty() || tensors.size() != 2)
    throw ModelError(
        "found", "{} is no head of FOUND: expected decoder.weight [1, D, 1, 1] and decoder.bias [1] alone, got {}.",
        source, odd.empty() ? fmt::format("{} of the two", tensors.size()) : fmt::format("{}", fmt::join(odd, ", ")));
  return {tensors.at("decoder.weight").to(at::kFloat).flatten().contiguous(),
          tensors.at("decoder.bias").to(at::kFloat).flatten().contiguous()};
}

Head read_head(const std::filesystem::path& file) {
  nn::NamedTensors tensors;
  const auto weights = io::Weights::open(file);
  for (const auto& [name, ignored] : weights.tensors())
    tensors[name] = nn::to_tensor(weights.at(name)).clone();
  return head_of(tensors, file.string());
}

at::Tensor head_loss(const Head& head, const std::vector<HeadStep>& batch) {
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

Head train_head(const SeenPhotos& photos, double tau, const HeadTraining& training, Reporter& report) {
  const Random random(static_cast<uint64_t>(training.seed));
  auto learnt = look_at(photos, tau, training, random.fork("photos"), report);
  if (learnt.empty())
    throw DataError("found", "none of {} photos has anything that stands out: there is nothing to learn of.",
                    photos.size());
  const Standard standard(learnt);
  for (auto& photo : learnt)
    photo.keys = (photo.keys - standard.mean) / standard.spread;
  auto head = first_head(learnt[0].keys.size(1), random.fork("head"));
  head.weight.requires_grad_();
  head.bias.requires_grad_();
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
  return standard.folded({head.weight.detach(), head.bias.detach()});
}

}  // namespace graft::discovery::found
