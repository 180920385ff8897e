#include "graft/methods/prompt_tuning/prompt_tuning.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/methods/disk.h"
#include "graft/methods/foreign.h"
#include "graft/methods/initial.h"
#include "graft/methods/peft_prompts.h"
#include "graft/methods/places.h"
#include "graft/tensor/on_cpu.h"
#include "graft/text/tokenizer.h"

namespace graft::methods::prompt_tuning {
namespace {

const nn::Site& site_of(models::Model& model) {
  return *sites_of(entry.name, model, nn::SiteKind::tokens, Towers::text).front();
}

const SoftPrompt& prompt_of(const Adaptation& adaptation) {
  const auto* prompt = dynamic_cast<const SoftPrompt*>(adaptation.bindings.front().insert.get());
  GRAFT_ASSERT(prompt);
  return *prompt;
}

Adaptation with(at::Tensor rows, const nn::Site& site) {
  return {.bindings = {{std::make_shared<SoftPrompt>(std::move(rows)), {site.path}, entry.name}}};
}

class PromptTuning final : public MethodWith<Options> {
 public:
  explicit PromptTuning(Options options) : MethodWith(std::move(options)) {
    if (options_.tokens < 1) throw ConfigError("prompt-tuning", "--tokens {}: expected 1 or more.", options_.tokens);
  }

  std::string name() const override { return entry.name; }

  // The paper's rate is 0.3, constant, under Adafactor without its scaling by a parameter's size, whose step Adam's is
  // like; prompts that start as words move far with it, as theirs do.
  Recipe recipe(const Setting&) const override {
    return {.lr = 0.3, .weight_decay = 1e-5, .schedule = ScheduleKind::constant, .epochs = 50};
  }

  Adaptation attach(const Setting& setting, models::Head&, Random& random) const override {
    const auto& site = site_of(*setting.model);
    Random own = random.fork(site.path);
    return with(initial(*setting.model->tower(nn::Tower::text), site.in, own), site);
  }

  nlohmann::json peft_config(models::Model& model, const Adaptation& adaptation) const override {
    if (!has_prompts_of_peft(model)) return Method::peft_config(model, adaptation);
    const auto& tower = model.reader();
    auto config = prompts_config(entry.peft_type, model,
                                 {.tokens = options_.tokens,
                                  .width = tower.width(1),
                                  .heads = model.info().text->heads,
                                  .layers = tower.blocks()});
    config["prompt_tuning_init"] = "RANDOM";
    return config;
  }

  nn::NamedTensors to_disk(models::Model&, const Adaptation& adaptation) const override {
    return {{kPrompts, prompt_of(adaptation).rows().detach()}};
  }

  void from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const override {
    copy_by_name(entry.name, model, tensors, {{kPrompts, prompt_of(adaptation).rows()}});
  }

 private:
  at::Tensor initial(const models::Tower& tower, int64_t width, Random& random) const {
    if (options_.text.empty() && options_.init == Init::random) return uniform({options_.tokens, width}, 0.5, random);
    const torch::NoGradGuard no_grad;
    const auto words = options_.text.empty() ? drawn(tower, random) : words_of_text(tower);
    std::vector<int64_t> ids;
    for (int64_t i = 0; i < options_.tokens; ++i)
      ids.push_back(words[static_cast<size_t>(i) % words.size()]);
    return tower.embed_words(torch::tensor(ids, tensor::on_cpu(at::kLong))).to(at::kFloat).clone();
  }

  std::vector<int64_t> drawn(const models::Tower& tower, Random& random) const {
    const auto words = tower.named_parameters(/*recurse=*/false)["embedding"].size(0);
    std::vector<int64_t> ids;
    for (int64_t i = 0; i < options_.tokens; ++i)
      ids.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(words))));
    return ids;
  }

  std::vector<int64_t> words_of_text(const models::Tower& tower) const {
    const auto tokenizer = tower.tokenizer();
    if (!tokenizer) {
      throw ModelError(entry.name, "--text: no tokenizer lies beside the weights. Start with --init vocabulary.");
    }
    const auto ids = tokenizer->encode(options_.text, text::Specials::kAsText);
    if (ids.empty()) throw ConfigError(entry.name, "--text \"{}\" has no words.", options_.text);
    return {ids.begin(), ids.end()};
  }
};

const PeftFields& peft_fields() {
  using enum PeftField::Kind;
  constexpr const char* kStart = "how it started";
  static const PeftFields all = with_prompts({{"prompt_tuning_init", idle, kStart},
                                              {"prompt_tuning_init_text", idle, kStart},
                                              {"tokenizer_name_or_path", idle, kStart},
                                              {"tokenizer_kwargs", idle, kStart}});
  return all;
}

ForeignAdapter from_peft(const io::JsonObject& config, const nn::NamedTensors& tensors, models::Model& model) {
  const torch::NoGradGuard no_grad;
  const auto rows = read_prompts(entry.name, config, peft_fields(), tensors, model, model.reader().width(1));
  ForeignAdapter foreign;
  foreign.method = entry.parse({{"tokens", std::to_string(rows.size(0))}, {"init", "random"}});
  foreign.adaptation = with(rows, site_of(model));
  return foreign;
}

}  // namespace

std::vector<std::pair<Init, std::string>> choices(Init) {
  return {{Init::vocabulary, "vocabulary"}, {Init::random, "random"}};
}

SoftPrompt::SoftPrompt(at::Tensor rows) : rows_(register_parameter("rows", std::move(rows))) {}

at::Tensor SoftPrompt::forward(const at::Tensor& x, const nn::Frozen&, const nn::Context&) const {
  return at::cat({rows_.to(x.scalar_type()).unsqueeze(0).expand({x.size(0), -1, -1}), x}, 1);
}

nn::Layout SoftPrompt::layout(const nn::Layout& before) const {
  return before.with(nn::TokenKind::prompt, rows_.size(0), 0);
}

const Entry entry{
    .name = "prompt-tuning",
    .summary = "learned tokens before the words of every text",
    .paper = "Lester et al. 2021, arXiv:2104.08691",
    .needs = {.sites = {nn::SiteKind::tokens}, .tower = nn::Tower::text},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<PromptTuning>(read_options<Options>("prompt-tuning", values));
    },
    .size_option = "tokens",
    .peft_type = "PROMPT_TUNING",
    .from_peft = from_peft,
    .peft_fields = peft_fields,
};

}  // namespace graft::methods::prompt_tuning
