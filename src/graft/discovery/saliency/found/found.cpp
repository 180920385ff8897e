#include "graft/discovery/saliency/found/found.h"

#include <torch/types.h>

#include <optional>

#include "graft/core/error.h"
#include "graft/data/image_cache.h"

namespace graft::discovery::found {
namespace {

class FoundBackground final : public Saliency {
 public:
  explicit FoundBackground(Options options) : options_(std::move(options)) {
    if (options_.tau <= -1 || options_.tau >= 1)
      throw ConfigError("found", "tau {}: expected a cosine above -1 and below 1.", options_.tau);
    if (options_.train && !options_.head.empty())
      throw ConfigError("found", "head={} and train=true: expected one of them.", options_.head);
    const auto& training = options_.training;
    if (training.steps < 1 || training.batch < 1 || training.photos < 1)
      throw ConfigError("found", "steps {}, batch {}, photos {}: expected 1 or more of each.", training.steps,
                        training.batch, training.photos);
    if (options_.head.empty()) return;
    head_ = read_head(options_.head);
    content_ = data::content_of_file(options_.head);
  }

  bool reads_attention() const override { return options_.head.empty(); }
  bool learns() const override { return options_.train; }

  nn::NamedTensors learn(const SeenPhotos& photos, Reporter& report) override {
    head_ = train_head(photos, options_.tau, options_.training, report);
    return head_->named();
  }
  void recall(const nn::NamedTensors& learnt) override { head_ = head_of("found", "what was learned", learnt); }

  std::string content(const std::string&) const override { return content_; }

  Salient find(const SeenPhoto& photo) const override {
    const auto& patches = *photo.patches;
    if (are_alike(patches.keys)) return {{}, "its patches are all alike"};
    if (!head_) return salient(background_of(patches).likeness <= options_.tau, patches.grid);
    const auto logits = head_->logits(patches.keys);
    auto found = salient(logits > 0, patches.grid);
    if (found.map.defined()) found.map = logits.sigmoid().view_as(found.map);
    return found;
  }

 private:
  Options options_;
  std::optional<PatchHead> head_;
  std::string content_;  // of its file
};

}  // namespace

Background background_of(const Patches& patches) {
  constexpr double kTiny = 1e-10;  // a head that attends to no patch above the mean
  const auto attention = patches.attention.to(at::kDouble);
  const auto share = (attention > attention.mean()).to(at::kDouble).mean(1) + kTiny;  // Q, [H]
  Background found;
  found.weights = (share.sum() / share).log();
  auto keys = patches.keys.to(at::kDouble).unflatten(1, {patches.heads, -1}) * found.weights.view({1, -1, 1});
  keys = keys.flatten(1);
  keys = keys / keys.norm(2, 1, true).clamp_min(1e-12);
  found.seed = (attention * found.weights.unsqueeze(1)).sum(0).argmin().item<int64_t>();
  found.likeness = at::mv(keys, keys[found.seed]);
  return found;
}

extern const SaliencyEntry entry = {
    .name = "found",
    .summary = "all that is unlike the patch that is attended to least",
    .paper = "Siméoni et al. 2023, arXiv:2212.07834",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<FoundBackground>(read_options<Options>("found", values));
    },
};

}  // namespace graft::discovery::found
