#include "graft/methods/photo_cache.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/methods/places.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::photo_cache {
namespace {

at::Tensor unit(const at::Tensor& x) {
  return x / x.norm(2, -1, /*keepdim=*/true);
}

Cache& cache_of(const Adaptation& adaptation) {
  auto* cache = dynamic_cast<Cache*>(adaptation.bindings.front().insert.get());
  GRAFT_ASSERT(cache);
  return *cache;
}

}  // namespace

Cache::Cache(int64_t photos, int64_t features, int64_t classes, bool trains, const Options& options)
    : classes_(classes) {
  const auto keys = torch::zeros({photos, features}, tensor::on_cpu());
  keys_ = trains ? register_parameter("keys", keys) : register_buffer("keys", keys);
  labels_ = register_buffer("labels", torch::zeros({photos}, tensor::on_cpu(torch::kInt64)));
  alpha_ = register_buffer("alpha", torch::tensor(options.alpha, tensor::on_cpu()));
  beta_ = register_buffer("beta", torch::tensor(options.beta, tensor::on_cpu()));
}

at::Tensor Cache::forward(const at::Tensor& features, const nn::Frozen& frozen, const nn::Context&) const {
  return frozen(features) + alpha_ * votes(affinity(features), beta_);
}

at::Tensor Cache::affinity(const at::Tensor& features) const {
  return torch::mm(unit(features), keys_.t());
}

at::Tensor Cache::votes(const at::Tensor& affinity, const at::Tensor& beta) const {
  const auto near = torch::exp(-beta * (1 - affinity));
  return torch::mm(near, torch::one_hot(labels_.to(torch::kInt64), classes_).to(near.scalar_type()));
}

void Cache::fill(const at::Tensor& features, const at::Tensor& labels, int64_t views) {
  const torch::NoGradGuard no_grad;
  const auto mean =
      features.view({views, -1, features.size(1)}).mean(0);  // of features as they are, then to unit length
  GRAFT_ASSERT(mean.sizes() == keys_.sizes());
  keys_.copy_(unit(mean));
  labels_.copy_(labels);
}

void Cache::resize(int64_t photos) {
  const torch::NoGradGuard no_grad;
  keys_.set_data(torch::zeros({photos, keys_.size(1)}, keys_.options().requires_grad(false)));
  labels_.set_data(torch::zeros({photos}, labels_.options()));
}

void Cache::set(double alpha, double beta) {
  alpha_.fill_(alpha);
  beta_.fill_(beta);
}

TipAdapter::TipAdapter(const Entry& entry, Options options) : MethodWith(options), entry_(entry) {
  if (options_.views < 1) throw ConfigError(entry_.name, "--views {}: expected 1 or more.", options_.views);
}

Recipe TipAdapter::recipe(const Setting&) const {
  Recipe recipe{.lr = 1e-3,
                .weight_decay = 0.01,
                .eps = 1e-4,
                .epochs = 20,
                .batch_size = 256,
                .min_crop = 0.5,
                .augmentation = Augmentation::crop_flip};
  if (!entry_.promises.trains) recipe.epochs = 0;
  return recipe;
}

HeadWish TipAdapter::head(const Setting& setting) const {
  check_needs(entry_, setting, ", whose class prompts the cache stands beside");
  return {.kind = models::HeadKind::prompts};
}

Adaptation TipAdapter::attach(const Setting& setting, models::Head& head, Random&) const {
  auto& model = *setting.model;
  if (head.kind() != models::HeadKind::prompts) {
    throw ConfigError(entry_.name, "needs class prompts as the classifier. Leave --classifier out, or say prompts.");
  }
  auto cache = std::make_shared<Cache>(setting.train_size, model.reader().width(model.reader().last()), head.outputs(),
                                       entry_.promises.trains, options_);
  return {.bindings = {{std::move(cache), {head.joint().site().path}, entry_.name}}};
}

void TipAdapter::before_training(Stage& stage) const {
  auto& cache = cache_of(stage.adaptation);
  const auto views = stage.features(data::Split::train, stage.model->reader().last(), options_.views);
  const int64_t photos = views.features.size(0) / options_.views;
  cache.fill(views.features, views.labels.narrow(0, 0, photos), options_.views);
}

void TipAdapter::after_training(Stage& stage) const {
  if (!options_.search) return;
  const torch::NoGradGuard no_grad;
  const auto val = stage.features(data::Split::val, stage.model->reader().last(), 1);
  if (!val.features.defined() || val.features.size(0) == 0) {
    stage.report.warn(fmt::format("{}: no validation photos, so alpha stays {} and beta {}", entry_.name,
                                  options_.alpha, options_.beta));
    return;
  }
  auto& cache = cache_of(stage.adaptation);
  nn::Context context;
  const auto logits = torch::mm(unit(val.features), stage.head.class_weights(context).t()) * stage.head.scale();
  const auto best = search(cache, logits, cache.affinity(val.features), val.labels);
  cache.set(best.alpha, best.beta);
  stage.report.line("search", fmt::format("alpha {:.3g}, beta {:.3g}: {:.1f} % on {} validation photos", best.alpha,
                                          best.beta, 100 * best.accuracy, val.labels.size(0)));
}

void TipAdapter::from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const {
  // As many photos as the file has; whether it fits otherwise is the usual check.
  const auto labels =
      std::find_if(tensors.begin(), tensors.end(), [](const auto& t) { return t.first.ends_with(".labels"); });
  if (labels != tensors.end() && labels->second.dim() == 1) cache_of(adaptation).resize(labels->second.size(0));
  Method::from_disk(model, tensors, adaptation);
}

Strengths search(const Cache& cache, const at::Tensor& logits, const at::Tensor& affinity, const at::Tensor& labels) {
  constexpr int kBetas = 200, kAlphas = 20;
  const torch::NoGradGuard no_grad;
  Strengths best{0, 0, -1};
  for (int i = 0; i < kBetas; ++i) {
    const double beta = 0.1 + i * (7 - 0.1) / kBetas;
    const auto votes = cache.votes(affinity, torch::tensor(beta, affinity.options()));
    for (int j = 0; j < kAlphas; ++j) {
      const double alpha = 0.1 + j * (3 - 0.1) / kAlphas;
      const double accuracy = (logits + alpha * votes).argmax(1).eq(labels).to(torch::kFloat64).mean().item<double>();
      if (accuracy > best.accuracy) best = {alpha, beta, accuracy};
    }
  }
  return best;
}

}  // namespace graft::methods::photo_cache
