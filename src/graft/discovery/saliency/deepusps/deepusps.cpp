#include "graft/discovery/saliency/deepusps/deepusps.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <optional>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/discovery/refinement/refinement.h"

namespace graft::discovery::deepusps {
namespace {

constexpr int kPixelsAPatch = 4;  // of the small photo that the CRF sees
// The CRF's deviations of place, whose defaults are for photos some four times as large.
constexpr const char* kRefinement = "crf:theta-alpha=20,theta-gamma=1";
constexpr int64_t kRefinementBatch = 20, kFusionBatch = 100;  // the paper's
constexpr double kRefinementBeta2 = 1, kFusionBeta2 = 4;      // the released code's arguments

struct Method {
  const char* name;
  double threshold;  // at which the released code cuts its maps to masks
};
constexpr Method kMethods[] = {{"rbd", 0.25}, {"mc", 0.31}};

std::vector<Method> read_methods(const std::string& text) {
  std::vector<Method> read;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('+', begin), text.size());
    const auto name = text.substr(begin, end - begin);
    const auto* found = std::ranges::find(kMethods, name, &Method::name);
    if (found == std::end(kMethods))
      throw ConfigError("deepusps", "of={}: no method '{}'. Known: mc, rbd, joined by +.", text, name);
    read.push_back(*found);
    begin = end + 1;
  }
  return read;
}

// A photo while it is learned of. A mask that holds no patch, or all, teaches nothing and is undefined.
struct Studied {
  at::Tensor rows;  // [N, D]
  nn::Grid grid;
  data::Image small;
  std::vector<at::Tensor> masks;  // [N] bool, of each method
};

at::Tensor teaching(const at::Tensor& mask) {
  const auto count = mask.sum().item<int64_t>();
  return count == 0 || count == mask.numel() ? at::Tensor() : mask;
}

at::Tensor resized(const at::Tensor& map, int64_t rows, int64_t columns) {
  return at::upsample_bilinear2d(map.view({1, 1, map.size(0), map.size(1)}), {rows, columns}, false)[0][0];
}

at::Tensor of_patches(const at::Tensor& map, nn::Grid grid) {  // means
  return at::adaptive_avg_pool2d(map.unsqueeze(0).unsqueeze(0), {grid.rows, grid.columns}).flatten();
}

// Training of heads on masks that change by round.
class Study {
 public:
  Study(std::vector<Studied> photos, const Options& options, Reporter& report)
      : photos_(std::move(photos)), options_(options), report_(report) {
    std::vector<at::Tensor> rows;
    for (const auto& photo : photos_)
      rows.push_back(photo.rows);
    standard_.emplace(rows);
    for (auto& photo : photos_)
      photo.rows = standard_->of(photo.rows);
  }

  // A method's masks become what a head that learned them says, followed along edges and averaged as it trains.
  void refine(size_t method, const Random& random) {
    for (int64_t round = 0; round < options_.rounds; ++round) {
      Pupil pupil(photos_, random.fork(static_cast<uint64_t>(round)));
      std::vector<at::Tensor> averages(photos_.size());
      for (int64_t answer = 0; answer < options_.averaged; ++answer) {
        train(pupil, options_.steps, kRefinementBatch, kRefinementBeta2, method);
        add_answers(pupil.head, averages);
      }
      for (size_t i = 0; i < photos_.size(); ++i)
        photos_[i].masks[method] = teaching(averages[i] > 0.5);
    }
  }

  PatchHead fuse(const Random& random) {
    Pupil pupil(photos_, random);
    train(pupil, options_.fusion, kFusionBatch, kFusionBeta2, std::nullopt);
    return standard_->folded(pupil.head);
  }

 private:
  // A head in training, and the photos that it is to see before it sees any again.
  struct Pupil {
    Pupil(const std::vector<Studied>& photos, const Random& random)
        : head(first_head(photos[0].rows.size(1), random.fork("head"))),
          optimizer({head.weight, head.bias}),
          order(random.fork("order")) {}
    size_t next(size_t count) {
      if (waiting.empty()) waiting = shuffled(count, order.fork(static_cast<uint64_t>(times++)));
      const auto photo = waiting.back();
      waiting.pop_back();
      return photo;
    }

    PatchHead head;
    HeadOptimizer optimizer;
    Random order;
    std::vector<size_t> waiting = {};
    int64_t times = 0;
  };

  // On the masks of one method, or of all.
  void train(Pupil& pupil, int64_t steps, int64_t batch, double beta2, std::optional<size_t> method) {
    const auto photos = std::min<int64_t>(batch, static_cast<int64_t>(photos_.size()));
    for (int64_t step = 0; step < steps; ++step) {
      stop_if_asked();
      std::vector<at::Tensor> losses;
      for (int64_t i = 0; i < photos; ++i) {
        const auto& photo = photos_[pupil.next(photos_.size())];
        const auto probability = pupil.head.logits(photo.rows).sigmoid();
        for (size_t m = 0; m < photo.masks.size(); ++m) {
          if ((!method || *method == m) && photo.masks[m].defined())
            losses.push_back(f_measure_loss(probability, photo.masks[m].to(at::kFloat), beta2));
        }
      }
      report_.progress({"heads", ++done_, total(), "", 0, "steps"});
      if (losses.empty()) continue;
      at::stack(losses).mean().backward();
      pupil.optimizer.step(options_.rate);
    }
  }

  int64_t total() const {
    const auto methods = static_cast<int64_t>(photos_[0].masks.size());
    return methods * options_.rounds * options_.averaged * options_.steps + options_.fusion;
  }

  void add_answers(const PatchHead& head, std::vector<at::Tensor>& averages) const {
    const auto crf = make_refinement(kRefinement);
    at::parallel_for(0, static_cast<int64_t>(photos_.size()), 1, [&](int64_t begin, int64_t end) {
      const torch::NoGradGuard no_grad;
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
        const auto& photo = photos_[i];
        const auto map = head.logits(photo.rows).sigmoid().view({photo.grid.rows, photo.grid.columns});
        const auto followed = crf->refine(photo.small, resized(map, photo.small.height, photo.small.width));
        const auto answer = of_patches(followed.to(at::kFloat), photo.grid);
        averages[i] = averages[i].defined() ? options_.memory * averages[i] + (1 - options_.memory) * answer : answer;
      }
    });
  }

  std::vector<Studied> photos_;
  const Options& options_;
  Reporter& report_;
  std::optional<Standard> standard_;
  int64_t done_ = 0;
};

class DeepUsps final : public Saliency {
 public:
  explicit DeepUsps(Options options) : options_(std::move(options)), methods_(read_methods(options_.of)) {
    const auto& o = options_;
    if (o.rounds < 0 || o.averaged < 1 || o.steps < 1 || o.fusion < 1 || o.photos < 1)
      throw ConfigError("deepusps",
                        "rounds {}, averaged {}, steps {}, fusion {}, photos {}: expected 0 or more, then 1 or more.",
                        o.rounds, o.averaged, o.steps, o.fusion, o.photos);
    if (o.rate <= 0) throw ConfigError("deepusps", "rate {}: expected above 0.", o.rate);
    if (o.memory < 0 || o.memory >= 1)
      throw ConfigError("deepusps", "memory {}: expected from 0 to below 1.", o.memory);
  }

  bool learns() const override { return true; }

  nn::NamedTensors learn(const SeenPhotos& photos, Reporter& report) override {
    const Random random(static_cast<uint64_t>(options_.seed));
    auto studied = look_at(photos, random.fork("photos"), report);
    const auto count = studied.size();
    if (count == 0)
      throw DataError("deepusps", "{} find nothing in any of {} photos: there is nothing to learn of.", options_.of,
                      photos.size());
    Study study(std::move(studied), options_, report);
    for (size_t method = 0; method < methods_.size(); ++method)
      study.refine(method, random.fork(methods_[method].name));
    head_ = study.fuse(random.fork("fusion"));
    report.line("heads",
                fmt::format("{} numbers learned of {} photos by {}: {} rounds of {} answers, {} steps of fusion",
                            head_->weight.numel() + 1, count, options_.of, options_.rounds, options_.averaged,
                            options_.fusion));
    return head_->named();
  }
  void recall(const nn::NamedTensors& learnt) override { head_ = head_of("deepusps", "what was learned", learnt); }

  Salient find(const SeenPhoto& photo) const override {
    GRAFT_ASSERT(head_);
    const auto& patches = *photo.patches;
    if (are_alike(patches.tokens)) return {{}, "its patches are all alike"};
    const auto logits = head_->logits(patches.tokens);
    auto found = salient(logits > 0, patches.grid);
    if (found.map.defined()) found.map = logits.sigmoid().view_as(found.map);
    return found;
  }

 private:
  std::vector<Studied> look_at(const SeenPhotos& photos, const Random& random, Reporter& report) const {
    std::vector<std::unique_ptr<Saliency>> ways;
    for (const auto& method : methods_)
      ways.push_back(make_saliency(method.name));
    const auto chosen = some_of(photos.size(), options_.photos, random);
    std::vector<Studied> studied;
    for (size_t at = 0; at < chosen.size(); ++at) {
      stop_if_asked();
      report.progress({"maps", static_cast<int64_t>(at) + 1, static_cast<int64_t>(chosen.size()), "", 0, "photos"});
      const auto seen = photos.see(chosen[at]);
      const auto& patches = *seen.patches;
      if (are_alike(patches.tokens)) continue;
      const data::Size small{static_cast<int>(patches.grid.rows) * kPixelsAPatch,
                             static_cast<int>(patches.grid.columns) * kPixelsAPatch};
      Studied one{.rows = patches.tokens,
                  .grid = patches.grid,
                  .small = data::resize(*seen.pixels, small, data::Filter::bilinear),
                  .masks = std::vector<at::Tensor>(methods_.size())};
      bool teaches = false;
      for (size_t m = 0; m < methods_.size(); ++m) {
        const auto found = ways[m]->find(seen);
        if (!found.map.defined()) continue;
        one.masks[m] = teaching(of_patches((found.map > methods_[m].threshold).to(at::kFloat), patches.grid) > 0.5);
        teaches = teaches || one.masks[m].defined();
      }
      if (teaches) studied.push_back(std::move(one));
    }
    return studied;
  }

  Options options_;
  std::vector<Method> methods_;
  std::optional<PatchHead> head_;
};

}  // namespace

at::Tensor f_measure_loss(const at::Tensor& probability, const at::Tensor& target, double beta2) {
  return 1 - (1 + beta2) * (probability * target).sum() / (beta2 * target.sum() + probability.sum());
}

extern const SaliencyEntry entry = {
    .name = "deepusps",
    .summary = "a head on a ViT's patches that learns of rbd's and mc's maps what they share",
    .paper = "Nguyen et al. 2019, arXiv:1909.13055",
    .alone = "",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<DeepUsps>(read_options<Options>("deepusps", values));
    },
};

}  // namespace graft::discovery::deepusps
