#include "graft/methods/vpt/vpt.h"

#include <torch/types.h>

#include <cmath>

#include "graft/methods/dropout.h"
#include "graft/methods/initial.h"
#include "graft/methods/places.h"

namespace graft::methods::vpt {
namespace {

class Vpt final : public MethodWith<Options> {
 public:
  explicit Vpt(Options options) : MethodWith(options) {
    if (options_.tokens < 1) throw ConfigError("vpt", "--tokens {}: expected 1 or more.", options_.tokens);
    if (options_.dropout < 0 || options_.dropout >= 1) {
      throw ConfigError("vpt", "--dropout {}: expected 0 or more, below 1.", options_.dropout);
    }
  }

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting&) const override { return {.init = models::HeadInit::vpt}; }

  // With a linear head the paper's: lr = base / 256 * batch, with one base out of the range that the paper searches for
  // every task. With class prompts MaPLe's, whose logits are a hundred cosines and want another step: 0.0035 at a batch
  // of four, so eight times that here. It takes 5 epochs of whole data sets; 50 are for few shots.
  Recipe recipe(const Setting& setting) const override {
    if (setting.model->has_prompts()) {
      return {.optimizer = OptimizerKind::sgd,
              .lr = 8 * 3.5e-3,
              .weight_decay = 5e-4,
              .schedule = ScheduleKind::coop,
              .epochs = 50,
              .batch_size = 32,
              .augmentation = Augmentation::crop_flip};
    }
    const int64_t batch = options_.tokens < 100 ? 128 : 64;
    constexpr double kBase = 2.5;
    return {.optimizer = OptimizerKind::sgd,
            .lr = kBase / 256 * static_cast<double>(batch),
            .weight_decay = 1e-3,
            .schedule = ScheduleKind::vpt,
            .warmup_epochs = 10,
            .epochs = 100,
            .batch_size = batch,
            .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head&, Random& random) const override {
    auto& model = *setting.model;
    const auto sites = sites_of(entry.name, model, nn::SiteKind::tokens, Towers::vision);
    const bool has_norm = sites.front()->block < 0;  // a site before ln_pre comes first where there is one
    Adaptation adaptation;
    for (const auto* site : sites) {
      const bool first = options_.ln_pre == LnPre::before && has_norm ? site->block < 0 : site->block == 0;
      const bool later = options_.mode == Mode::deep && site->block >= 1;
      if (!first && !later) continue;
      Random own = random.fork(site->path);
      adaptation.bindings.push_back(
          {std::make_shared<Prompts>(initial(model, *site, own), later, options_.position, options_.dropout),
           {site->path},
           entry.name});
    }
    return adaptation;
  }

 private:
  at::Tensor initial(const models::Model& model, const nn::Site& site, Random& random) const {
    const auto width = site.in;
    if (options_.init == Init::normal) return normal({options_.tokens, width}, 0.02, random);
    if (site.patch_numbers == 0) {
      throw ModelError("vpt", "{} cuts no patches, from whose size --init vpt-uniform is taken. Use --init normal.",
                       model.info().source);
    }
    return uniform({options_.tokens, width}, std::sqrt(6 / static_cast<double>(site.patch_numbers + width)), random);
  }
};

}  // namespace

std::vector<std::pair<Mode, std::string>> choices(Mode) {
  return {{Mode::deep, "deep"}, {Mode::shallow, "shallow"}};
}
std::vector<std::pair<Position, std::string>> choices(Position) {
  return {{Position::after_class, "after-class"}, {Position::end, "end"}};
}
std::vector<std::pair<Init, std::string>> choices(Init) {
  return {{Init::vpt_uniform, "vpt-uniform"}, {Init::normal, "normal"}};
}
std::vector<std::pair<LnPre, std::string>> choices(LnPre) {
  return {{LnPre::after, "after"}, {LnPre::before, "before"}};
}

Prompts::Prompts(at::Tensor values, bool replaces, Position position, double dropout)
    : values_(register_parameter("prompts", std::move(values))),
      replaces_(replaces),
      position_(position),
      dropout_(dropout) {}

int64_t Prompts::row(const nn::Layout& layout) const {
  if (replaces_) return layout.begin(nn::TokenKind::prompt);
  if (position_ == Position::end) return layout.total();
  return layout.count(nn::TokenKind::class_token);
}

at::Tensor Prompts::forward(const at::Tensor& x, const nn::Frozen&, const nn::Context& context) const {
  const int64_t begin = row(context.layout), after = begin + (replaces_ ? values_.size(0) : 0);
  GRAFT_ASSERT(begin >= 0);
  // The mask of the dropout is drawn for each image.
  const auto prompts = dropout(values_.unsqueeze(0).expand({x.size(0), -1, -1}), dropout_, context);
  return torch::cat({x.narrow(1, 0, begin), prompts.to(x.scalar_type()), x.narrow(1, after, x.size(1) - after)}, 1);
}

nn::Layout Prompts::layout(const nn::Layout& before) const {
  return replaces_ ? before : before.with(nn::TokenKind::prompt, values_.size(0), row(before));
}

const Entry entry{
    .name = "vpt",
    .summary = "learned tokens in the image tower, before every block (deep) or the first (shallow)",
    .paper = "Jia et al. 2022, arXiv:2203.12119",
    .needs = {.sites = {nn::SiteKind::tokens}, .tower = nn::Tower::vision},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Vpt>(read_options<Options>("vpt", values));
    },
    .size_option = "tokens",
};

}  // namespace graft::methods::vpt
