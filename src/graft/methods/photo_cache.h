// A cache of labelled photos beside the class prompts, after Zhang et al. 2022 (Tip-Adapter, arXiv:2207.09519), eq.
// 5-6:
//   logits = 100 f Wᵀ + alpha * exp(-beta (1 - f Kᵀ)) V
// with f the photo's unit feature, K the labelled photos' unit features and V their classes, one-hot. Shared by
// Tip-Adapter (K as it is) and Tip-Adapter-F (K trains). The authors choose the best epoch and, for ImageNet, alpha and
// beta on test photos; here both are chosen on the validation split and the last epoch is kept.
#pragma once

#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/nn/insert.h"
#include "graft/nn/parameters.h"

namespace graft::methods::photo_cache {

struct Options {
  double alpha = 1;
  double beta = 1;
  int64_t views = 10;
  bool search = true;
};

template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("alpha", o.alpha, "weight of the cache, before the search");
  visit("beta", o.beta, "sharpness of the cache, before the search");
  visit("views", o.views, "augmented views whose mean feature is a photo's key");
  visit("search", o.search, "choose alpha and beta on the validation split at the end");
}

class Cache final : public nn::Insert {
 public:
  Cache(int64_t photos, int64_t features, int64_t classes, bool trains, const Options& options);

  // features [B, E] -> logits [B, C]
  at::Tensor forward(const at::Tensor& features, const nn::Frozen& frozen, const nn::Context& context) const override;

  bool is_of_its_classes() const override { return true; }

  // features [views * N, E], one view after another; labels [N]
  void fill(const at::Tensor& features, const at::Tensor& labels, int64_t views);
  void resize(int64_t photos);  // to take another cache's tensors

  at::Tensor affinity(const at::Tensor& features) const;                       // f Kᵀ, [B, N]
  at::Tensor votes(const at::Tensor& affinity, const at::Tensor& beta) const;  // exp(-beta (1 - affinity)) V, [B, C]
  void set(double alpha, double beta);

 private:
  int64_t classes_;
  at::Tensor keys_;          // [N, E], unit rows when filled
  at::Tensor labels_;        // [N] int64
  at::Tensor alpha_, beta_;  // scalars
};

// Both methods, but for whether the keys train.
class TipAdapter : public MethodWith<Options> {
 public:
  TipAdapter(const Entry& entry, Options options);

  std::string name() const override { return entry_.name; }
  HeadWish head(const Setting& setting) const override;
  Recipe recipe(const Setting& setting) const override;
  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override;
  void before_training(Stage& stage) const override;  // fills the keys
  void after_training(Stage& stage) const override;   // the search
  void from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const override;

 private:
  const Entry& entry_;
};

// The strengths that give the most right answers, of 200 betas from 0.1 to 7 times 20 alphas from 0.1 to 3; the first
// of equals, betas outside. logits [N, C] without the cache, affinity [N, photos], labels [N].
struct Strengths {
  double alpha = 0, beta = 0, accuracy = 0;
};
Strengths search(const Cache& cache, const at::Tensor& logits, const at::Tensor& affinity, const at::Tensor& labels);

}  // namespace graft::methods::photo_cache
