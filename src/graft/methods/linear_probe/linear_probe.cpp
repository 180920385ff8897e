#include "graft/methods/linear_probe/linear_probe.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/methods/linear_probe/fit.h"
#include "graft/methods/places.h"

namespace graft::methods::linear_probe {
namespace {

constexpr double kClipStrength = 0.316;  // of openai/CLIP's example; used where there is no validation split

bool empty(const FeatureSet& set) {
  return !set.features.defined() || set.features.size(0) == 0;
}

class LinearProbe final : public MethodWith<Options> {
 public:
  explicit LinearProbe(Options options) : MethodWith(std::move(options)) {
    if (options_.c && *options_.c <= 0) throw ConfigError("linear-probe", "--c {}: expected above 0.", *options_.c);
    if (options_.max_iterations < 1) {
      throw ConfigError("linear-probe", "--max-iterations {}: expected 1 or more.", options_.max_iterations);
    }
  }

  std::string name() const override { return entry.name; }
  HeadWish head(const Setting& setting) const override {
    return {.kind = models::HeadKind::linear, .at = place(*setting.model)};
  }

  // With gradient steps: DINO's protocol (Caron et al. 2021, arXiv:2104.14294), 0.001 at a batch of 256, no decay.
  Recipe recipe(const Setting& setting) const override {
    // Of pixels: DINOv2's optimiser for its linear segmentation (Oquab et al. 2023, arXiv:2304.07193), for so long that
    // a few tens of photos are learned; nothing random, so that each photo goes through the frozen model once.
    if (setting.target == data::Target::mask)
      return {.lr = 1e-3, .weight_decay = 1e-4, .epochs = 60, .batch_size = 16, .augmentation = Augmentation::none};
    return {.optimizer = OptimizerKind::sgd,
            .lr = 1e-3,
            .epochs = options_.solver == Solver::sgd ? 100 : 0,
            .batch_size = 256,
            .augmentation = options_.solver == Solver::sgd ? Augmentation::crop_flip : Augmentation::none};
  }

  // --at best: each place is tried with one regression at CLIP's fixed strength; the later of equals.
  void decide(const Setting& setting, const Features& features, Reporter& report) override {
    if (setting.target == data::Target::mask) options_.solver = Solver::sgd;  // pixels are too many for an optimum
    if (options_.at != "best") return;
    if (setting.target != data::Target::label) {
      throw ConfigError("linear-probe",
                        "--at best: is chosen by the share of right classes, and here something else than one class "
                        "of an example is told. Name a place.");
    }
    const auto& tower = setting.model->reader();
    std::vector<std::string> names;
    for (int64_t k = 0; k < tower.blocks(); ++k)
      names.push_back("block." + std::to_string(k));
    names.emplace_back("pooled");
    if (tower.last() != tower.pooled()) names.emplace_back("projected");
    double best = -1;
    for (const auto& name : names) {
      const nn::Place place = tower.place_named("linear-probe", name);
      const auto train = features(data::Split::train, place, 1), val = features(data::Split::val, place, 1);
      if (empty(val)) {
        throw DataError("linear-probe", "--at best: there are no validation examples to choose on. Name a place: {}.",
                        fmt::join(names, ", "));
      }
      const auto regression = solve(train.features, train.labels, classes(setting), kClipStrength, effort());
      const double reached = accuracy(regression, val.features, val.labels);
      if (reached >= best) {
        best = reached;
        options_.at = name;
      }
    }
    report.line("probe", fmt::format("at {}: {:.1f} % of the validation examples, best of {} places", options_.at,
                                     100 * best, names.size()));
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random&) const override {
    check_needs(entry, setting);
    // Of pixels, class prompts stand behind a linear map, which then is what trains.
    if (head.kind() != models::HeadKind::linear && setting.target != data::Target::mask) {
      throw ConfigError("linear-probe",
                        "needs a linear head as the classifier. Leave --classifier out, or say linear.");
    }
    return {};
  }

  void before_training(Stage& stage) const override {
    if (options_.solver == Solver::sgd || stage.target == data::Target::mask) return;
    const nn::Place place = this->place(*stage.model);
    const auto train = stage.features(data::Split::train, place, 1);
    const int64_t count = stage.head.outputs();
    const auto fit_at = [&](double c) { return fit(train.features, train.labels, stage.target, count, c, effort()); };
    const double c = strength(stage, place, fit_at);
    const auto regression = fit_at(c);
    if (!regression.converged) {
      stage.report.warn(
          fmt::format("linear-probe: not at the optimum after {} iterations (C {:.3g})", options_.max_iterations, c));
    }
    const torch::NoGradGuard no_grad;
    auto& head = dynamic_cast<models::LinearHead&>(stage.head);
    head.weight.copy_(regression.weight);
    head.bias.copy_(regression.bias);
  }

 private:
  nn::Place place(const models::Model& model) const {
    const auto& tower = model.reader();
    if (options_.at == "best") return tower.last();
    const auto place = tower.place_named("linear-probe", options_.at);
    if (place > 0) return place;
    throw UsageError("linear-probe",
                     "--at {}: nothing is computed there. Expected block.0 to block.{}, pooled or projected.",
                     options_.at, tower.blocks() - 1);
  }

  Effort effort() const { return {.iterations = options_.max_iterations}; }
  static int64_t classes(const Setting& setting) { return static_cast<int64_t>(setting.classes.size()); }

  template <class Fit>
  double strength(Stage& stage, nn::Place place, const Fit& fit) const {
    if (options_.c) return *options_.c;
    const auto val = stage.features(data::Split::val, place, 1);
    if (empty(val)) {
      stage.report.warn(fmt::format("linear-probe: no validation examples to choose C on, so it is {}", kClipStrength));
      return kClipStrength;
    }
    const double c =
        search_strength([&](double tried) { return fit_score(fit(tried), val.features, val.labels, stage.target); });
    stage.report.line("search", fmt::format("C {:.3g} on {} validation examples", c, val.labels.size(0)));
    return c;
  }
};

}  // namespace

std::vector<std::pair<Solver, std::string>> choices(Solver) {
  return {{Solver::lbfgs, "lbfgs"}, {Solver::sgd, "sgd"}};
}

const Entry entry{
    .name = "linear-probe",
    .summary = "a linear classifier on frozen features",
    .paper = "Radford et al. 2021, arXiv:2103.00020",
    .promises = {.identity_at_start = true, .folds = true},
    .needs = {.targets = {data::Target::label, data::Target::labels, data::Target::value, data::Target::mask}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<LinearProbe>(read_options<Options>("linear-probe", values));
    },
};

}  // namespace graft::methods::linear_probe
