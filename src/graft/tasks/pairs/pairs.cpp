// A photo and its caption, which are to find each other among all others: a contrastive loss within each batch, as CLIP
// is trained (Radford et al. 2021, arXiv:2103.00020), scored by retrieval both ways. Captions that are the same to the
// model are one text, in a batch and in a test. That two rows of a batch have one photo is not seen in training.
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/models/pair_head.h"
#include "graft/plugins/losses/loss.h"
#include "graft/tasks/retrieval.h"
#include "graft/tasks/task.h"

namespace graft::tasks {

extern const TaskEntry pairs_task;

namespace {

constexpr int64_t kLossTogether = 256;  // pairs whose loss is computed among each other, in a test

class Pairs final : public Task {
 public:
  explicit Pairs(const TaskOptions& options)
      : loss_(plugins::make_loss(pairs_task.loss_or_own(options.loss), {data::Target::caption})) {
    plugins::check_serves(*loss_, options.loss, data::Target::caption);
    if (options.label_smoothing == 0) return;
    throw ConfigError("train", "--label-smoothing {}: is for classes, and here are captions. Leave it out.",
                      options.label_smoothing);
  }

  // outputs [B, E] and target [B, E] of models::PairHead.
  at::Tensor loss(const at::Tensor& outputs, const at::Tensor& target, int64_t epoch) const override {
    const auto texts = distinct_texts(target);
    const auto logits = outputs.matmul(texts.rows.t());  // [B, U]
    const auto own = torch::one_hot(texts.which, texts.rows.size(0)).to(logits.options());
    return loss_->in_epoch(epoch).sum(logits, own, 0);
  }

  Scores score(const Predictions& predictions, bool intervals) const override {
    const auto known = predictions.truth.isfinite().all(1).nonzero().squeeze(1);
    const auto photos = predictions.probabilities.index_select(0, known);
    const auto texts = predictions.truth.index_select(0, known);
    std::vector<std::string> names;
    for (int64_t i = 0; i < known.numel(); ++i)
      names.push_back(predictions.files[static_cast<size_t>(known[i].item<int64_t>())]);
    auto scores = tasks::score(retrieval_ranks(photos, texts, names), intervals);
    double sum = 0;
    for (int64_t begin = 0; begin < known.numel(); begin += kLossTogether) {
      const auto count = std::min(kLossTogether, known.numel() - begin);
      sum += loss(photos.narrow(0, begin, count), texts.narrow(0, begin, count), 0).item<double>();
    }
    scores.loss = sum / static_cast<double>(std::max<int64_t>(1, known.numel()));
    return scores;
  }

  std::vector<std::string> score_names() const override { return retrieval_score_names(); }

 private:
  std::unique_ptr<plugins::Loss> loss_;
};

std::shared_ptr<models::Head> pair_head(const methods::Setting& setting, const methods::HeadWish& wish,
                                        Random& random) {
  const auto loss = plugins::make_loss(pairs_task.loss_or_own(setting.loss), {data::Target::caption});
  plugins::check_serves(*loss, setting.loss, data::Target::caption);
  return std::make_shared<models::PairHead>(setting.model, *loss->pairs(), wish.projected, random);
}

}  // namespace

extern const TaskEntry pairs_task{
    "pairs",
    "a caption for each photo",
    data::Target::caption,
    [](const TaskOptions& options) -> std::unique_ptr<Task> { return std::make_unique<Pairs>(options); },
    pair_head,
    2,
    "info-nce"};

}  // namespace graft::tasks
