#include "graft/methods/coop/coop.h"

#include <torch/types.h>

#include <algorithm>

#include "graft/methods/initial.h"
#include "graft/methods/places.h"
#include "graft/tensor/on_cpu.h"
#include "graft/text/clip_tokenizer.h"

namespace graft::methods::coop {
namespace {

class Coop final : public MethodWith<Options> {
 public:
  explicit Coop(Options options) : MethodWith(std::move(options)) {
    std::replace(options_.words.begin(), options_.words.end(), '_', ' ');
    if (options_.length < 1) throw ConfigError("coop", "--length {}: expected 1 or more.", options_.length);
    if (!options_.words.empty() && options_.words.find_first_not_of(" \t\n") == std::string::npos) {
      throw ConfigError("coop", "--words '{}': holds no word.", options_.words);
    }
  }

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting& setting) const override {
    check_needs(entry, setting, " to learn words for");
    const auto words = options_.words.empty() ? options_.length : static_cast<int64_t>(word_ids(*setting.model).size());
    return {.kind = models::HeadKind::prompts, .learned_words = words, .word_position = options_.position};
  }

  // 50 epochs for one shot, 100 for two to four, 200 above; 50 also for whole data sets, as the paper has it for
  // ImageNet.
  Recipe recipe(const Setting& setting) const override {
    const int64_t shots = setting.shots;
    return {.optimizer = OptimizerKind::sgd,
            .lr = 2e-3,
            .weight_decay = 5e-4,
            .schedule = ScheduleKind::coop,
            .epochs = shots <= 1   ? 50
                      : shots <= 4 ? 100
                                   : 200,
            .batch_size = 32,
            .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    auto& model = *setting.model;
    if (head.kind() != models::HeadKind::prompts) {
      throw ConfigError("coop", "needs class prompts as the classifier. Leave --classifier out, or say prompts.");
    }
    const auto sites = sites_of(entry.name, model, nn::SiteKind::words, Towers::text);
    return {.bindings = {{std::make_shared<Words>(initial(setting, random)), {sites.front()->path}, entry.name}}};
  }

 private:
  std::vector<int32_t> word_ids(const models::Model& model) const {
    return model.text_reader().tokenizer.encode(options_.words);
  }

  // [M, D] or [C, M, D]
  at::Tensor initial(const Setting& setting, Random& random) const {
    const auto classes = static_cast<int64_t>(setting.classes.size());
    const auto& text = setting.model->need(nn::Tower::text);
    const int64_t width = text.width(0);
    if (options_.words.empty()) {
      return options_.csc ? normal({classes, options_.length, width}, 0.02, random)
                          : normal({options_.length, width}, 0.02, random);
    }
    const torch::NoGradGuard no_grad;
    const auto words =
        text.embed_words(torch::tensor(word_ids(*setting.model), tensor::on_cpu(torch::kInt64))).to(torch::kFloat32);
    return options_.csc ? words.unsqueeze(0).repeat({classes, 1, 1}) : words.clone();
  }
};

}  // namespace

Words::Words(at::Tensor context) : words_(register_parameter("context", std::move(context))) {}

at::Tensor Words::forward(const at::Tensor& x, const nn::Frozen&, const nn::Context& context) const {
  GRAFT_ASSERT(context.learned.defined() && context.learned.size(1) == words_.size(-2));
  const auto rows = context.learned.unsqueeze(-1).expand({-1, -1, x.size(2)});  // [C, M, D]
  const auto words = words_.dim() == 3 ? words_ : words_.unsqueeze(0).expand({x.size(0), -1, -1});
  return x.scatter(1, rows, words.to(x.scalar_type()));
}

const Entry entry{
    .name = "coop",
    .summary = "learned words around the class names of a CLIP",
    .paper = "Zhou et al. 2022, arXiv:2109.01134",
    .needs = {.sites = {nn::SiteKind::words}, .prompts = true, .targets = {data::Target::label, data::Target::labels}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Coop>(read_options<Options>("coop", values));
    },
    .size_option = "length",
};

}  // namespace graft::methods::coop
