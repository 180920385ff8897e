#include "graft/methods/full/full.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "graft/core/error.h"
#include "graft/methods/initial.h"

namespace graft::methods::full {
namespace {

// A ViT's: Dosovitskiy et al. 2021 (arXiv:2010.11929), as timm draws them; scales of residual branches as in CaiT
// (Touvron et al. 2021, arXiv:2103.17239) for up to 18 blocks.
constexpr double kStd = 0.02;
constexpr double kBranchScale = 0.1;

// Of a ResNet's convolution [O, I, h, w] (He et al. 2015, arXiv:1502.01852, by fan-out, as torchvision draws them).
at::Tensor drawn_convolution(const at::Tensor& was, Random& random) {
  const auto fan_out = was.size(0) * was.size(2) * was.size(3);
  return normal(was.sizes(), std::sqrt(2.0 / static_cast<double>(fan_out)), random);
}

// Batch norms of the towers, by path.
std::vector<std::string> batch_norms(const models::Model& model, Towers towers) {
  std::vector<std::string> paths;
  for (const auto& [path, norm] : model.batch_norms()) {
    if (contains(towers, model.tower_of(path), model)) paths.push_back(path);
  }
  return paths;
}

bool convolves_over_time(const models::Model& model) {
  const auto parameters = model.parameters();
  return std::any_of(parameters.begin(), parameters.end(), [](const auto& p) { return p.dim() == 5; });
}

at::Tensor drawn(const std::string& name, const at::Tensor& was, bool of_norm, Random& random) {
  if (was.dim() == 0) return was.clone();  // the factor of cosines
  if (was.dim() > 1 || !name.ends_with("bias")) {
    if (of_norm) return torch::ones_like(was);
    if (was.dim() == 1 && name.find("scale") != std::string::npos) return torch::full_like(was, kBranchScale);
    return truncated_normal(was.sizes(), kStd, random);
  }
  return torch::zeros_like(was);
}

class Full final : public MethodWith<Options> {
 public:
  explicit Full(Options options) : MethodWith(std::move(options)) {
    if (options_.last_blocks && *options_.last_blocks < 0)
      throw ConfigError("full", "--last-blocks {}: expected 0 or more.", *options_.last_blocks);
    if (options_.layer_decay && !(*options_.layer_decay > 0 && *options_.layer_decay <= 1))
      throw ConfigError("full", "--layer-decay {}: expected above 0, up to 1.", *options_.layer_decay);
  }

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting& setting) const override {
    if (from_scratch_of_convolutions(*setting.model)) return {.init = models::HeadInit::uniform};
    const bool prompts = setting.model->has_prompts() && !setting.classes.empty();
    // Attention over time starts blind to order; a head of zeros would tell it nothing of clips that differ in that
    // alone.
    if (!prompts && setting.model->reader().frames() > 0) return {.init = models::HeadInit::normal};
    return {.init = prompts ? models::HeadInit::class_text : models::HeadInit::zero};
  }

  // WiSE-FT's (Wortsman et al. 2022, arXiv:2109.01903): a CLIP is destroyed by more than a few 1e-5. Their batch is
  // 512, their head starts from the class prompts.
  Recipe recipe(const Setting&) const override {
    return {.lr = 3e-5,
            .weight_decay = 0.1,
            .warmup_epochs = 1,
            .epochs = 10,
            .batch_size = 32,
            .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random&) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    auto trained = parameters_where(model, options_.tower, [](const std::string&) { return true; });
    if (head.kind() != models::HeadKind::prompts) std::erase(trained, "logit_scale");  // it has its own, or none
    if (head.kind() != models::HeadKind::own) leave_unread(trained, model);
    leave_frozen(trained, model);
    leave_early(trained, model);
    // A head of pixels reads what lies before the projection into a space with texts, and that is left as it is.
    if (head.map_at())
      std::erase_if(trained, [](const std::string& name) { return name.ends_with("vision.proj.weight"); });
    auto rates = rates_of(trained, model);
    return {
        .bindings = {}, .trained = std::move(trained), .by_batch = norms_by_batch(model), .rates = std::move(rates)};
  }

  // Not in attach(): a session's model is put back to what it was then.
  void before_training(Stage& stage) const override {
    if (!options_.from_scratch) return;
    torch::NoGradGuard no_grad;
    const bool convolves = from_scratch_of_convolutions(*stage.model);
    const auto norms = norm_parameters(*stage.model, options_.tower);
    const auto parameters = stage.model->named_parameters();
    for (const auto& name : stage.adaptation.trained) {
      Random random = stage.random.fork(name);
      const bool of_norm = std::find(norms.begin(), norms.end(), name) != norms.end();
      const at::Tensor& own = parameters[name];
      own.copy_(convolves && own.dim() == 4 ? drawn_convolution(own, random) : drawn(name, own, of_norm, random));
    }
    for (const auto& [path, norm] : stage.model->batch_norms()) {
      if (!norm->goes_by_batch()) continue;
      norm->statistics()[0].second.zero_();
      norm->statistics()[1].second.fill_(1);
    }
  }

 private:
  // What stands behind the features: a language model's own head, which tells tokens and is not asked for classes.
  static void leave_unread(std::vector<std::string>& trained, const models::Model& model) {
    const auto& reader = model.reader();
    const auto prefix = to_string(reader.name()) + ".";
    std::erase_if(trained, [&](const std::string& name) {
      return name.starts_with(prefix) && reader.place_of(name.substr(prefix.size())) >= reader.last();
    });
  }

  void leave_frozen(std::vector<std::string>& trained, const models::Model& model) const {
    if (options_.freeze.empty()) return;
    const auto frozen = std::erase_if(trained, [&](const auto& name) { return nn::matches(options_.freeze, name); });
    if (frozen > 0 && !trained.empty()) return;
    throw ConfigError("full", "--freeze {}: {} parameter of {} has such a name. Names are as blocks.0.attn.qkv.weight.",
                      options_.freeze, frozen == 0 ? "no" : "every", model.info().source);
  }

  // How many layers stand behind a parameter's in its tower: 0 behind the blocks, L + 1 at the embeddings. What is of
  // no tower (the factor of cosines) is behind all.
  static int64_t layers_behind(const std::string& name, const models::Model& model) {
    const auto which = model.tower_of(name);
    const auto* tower = which == nn::Tower::head ? nullptr : model.tower(which);
    const auto prefix = to_string(which) + ".";
    if (!tower || !name.starts_with(prefix)) return 0;
    return std::max<int64_t>(0, tower->blocks() + 1 - tower->place_of(name.substr(prefix.size())));
  }

  void leave_early(std::vector<std::string>& trained, const models::Model& model) const {
    if (!options_.last_blocks) return;
    const auto blocks = model.reader().blocks();
    if (*options_.last_blocks > blocks) {
      throw ConfigError("full", "--last-blocks {}: {} has {}. Leave it out to train them all.", *options_.last_blocks,
                        model.info().source, blocks);
    }
    std::erase_if(trained, [&](const std::string& name) { return layers_behind(name, model) > *options_.last_blocks; });
  }

  std::map<std::string, double> rates_of(const std::vector<std::string>& trained, const models::Model& model) const {
    std::map<std::string, double> rates;
    if (!options_.layer_decay) return rates;
    for (const auto& name : trained)
      rates[name] = std::pow(*options_.layer_decay, static_cast<double>(layers_behind(name, model)));
    return rates;
  }

  bool from_scratch_of_convolutions(const models::Model& model) const {
    return options_.from_scratch && !batch_norms(model, options_.tower).empty();
  }

  // Those that go by the batch; none where statistics stay. ConfigError for what cannot be.
  std::vector<std::string> norms_by_batch(const models::Model& model) const {
    const auto& source = model.info().source;
    auto norms = batch_norms(model, options_.tower);
    if (norms.empty()) {
      if (options_.batch_statistics != true) return {};
      throw ConfigError("full", "--batch-statistics: {} has no batch norms. Leave it out.", source);
    }
    if (!options_.batch_statistics.value_or(options_.from_scratch)) {
      if (!options_.from_scratch) return {};
      throw ConfigError("full",
                        "--from-scratch with --batch-statistics no: {} would have neither the weights nor the "
                        "statistics of its pre-training. Leave --batch-statistics out.",
                        source);
    }
    if (!convolves_over_time(model)) return norms;
    throw ConfigError("full",
                      "--{}: {} convolves over time, and its batch norms keep the statistics of their pre-training "
                      "here. Take a ResNet of photos, or a model with layer norms.",
                      options_.from_scratch ? "from-scratch" : "batch-statistics", source);
  }
};

}  // namespace

const Entry entry{
    .name = "full",
    .summary = "every parameter of a tower",
    .paper = "Wortsman et al. 2022, arXiv:2109.01903",
    .promises = {.identity_at_start = true, .folds = true},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Full>(read_options<Options>("full", values));
    },
};

}  // namespace graft::methods::full
