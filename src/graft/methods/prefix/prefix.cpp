#include "graft/methods/prefix/prefix.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <map>

#include "graft/methods/disk.h"
#include "graft/methods/foreign.h"
#include "graft/methods/initial.h"
#include "graft/methods/peft_prompts.h"

namespace graft::methods::prefix {
namespace {

Prefix& prefix_of(const Binding& binding) {
  auto* prefix = dynamic_cast<Prefix*>(binding.insert.get());
  GRAFT_ASSERT(prefix);
  return *prefix;
}

// [P, 2 width of every block], block after block: keys, then values
at::Tensor all_rows(const Adaptation& adaptation) {
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> each;
  for (const auto& binding : adaptation.bindings)
    each.push_back(prefix_of(binding).rows());
  return at::cat(each, 1);
}

class PrefixTuning final : public MethodWith<Options> {
 public:
  explicit PrefixTuning(Options options) : MethodWith(options) {
    if (options_.tokens < 1) throw ConfigError("prefix", "--tokens {}: expected 1 or more.", options_.tokens);
    if (options_.inner < 0) throw ConfigError("prefix", "--inner {}: expected 0 or more.", options_.inner);
  }

  std::string name() const override { return entry.name; }

  // Their optimiser, rate and schedule for tables of data (app. A, and their code); epochs are for few examples.
  Recipe recipe(const Setting&) const override {
    return {.lr = 5e-5, .schedule = ScheduleKind::linear, .epochs = 50, .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    Adaptation adaptation;
    std::map<nn::Tower, std::shared_ptr<Maker>> makers;
    for (const auto* site : sites_of(entry.name, model, nn::SiteKind::key_values, options_.tower)) {
      Random own = random.fork(site->path);
      std::shared_ptr<Prefix> prefix;
      if (options_.inner == 0) {
        prefix = std::make_shared<Prefix>(*site, normal({options_.tokens, 2 * site->in}, 1, own));
      } else {
        auto& maker = makers[site->tower];
        if (!maker) {
          Random of_tower = random.fork(to_string(site->tower));
          maker = std::make_shared<Maker>(options_.tokens, site->in, options_.inner, of_tower);
        }
        prefix = std::make_shared<Prefix>(*site, maker, own);
      }
      adaptation.bindings.push_back({std::move(prefix), {site->path}, entry.name});
    }
    return adaptation;
  }

  nlohmann::json peft_config(models::Model& model, const Adaptation& adaptation) const override {
    if (!has_prompts_of_peft(model)) return Method::peft_config(model, adaptation);
    const auto& site = locate(model, nullptr, adaptation.bindings.front().sites.front()).joint->site();
    auto config = prompts_config(entry.peft_type, model,
                                 {.tokens = options_.tokens,
                                  .width = site.in,
                                  .heads = site.heads,
                                  .layers = static_cast<int64_t>(adaptation.bindings.size())});
    config["encoder_hidden_size"] = site.in;
    config["prefix_projection"] = false;
    return config;
  }

  nn::NamedTensors to_disk(models::Model&, const Adaptation& adaptation) const override {
    return {{kPrompts, all_rows(adaptation)}};
  }

  void from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const override {
    const auto own = at::empty_like(all_rows(adaptation));
    copy_by_name(entry.name, model, tensors, {{kPrompts, own}});
    take(adaptation, own);
  }

  static void take(const Adaptation& adaptation, const at::Tensor& rows) {
    const torch::NoGradGuard no_grad;
    int64_t begin = 0;
    for (const auto& binding : adaptation.bindings) {
      auto& prefix = prefix_of(binding);
      const auto width = prefix.rows().size(1);
      prefix.bake(rows.narrow(1, begin, width).clone());
      begin += width;
    }
  }
};

const PeftFields& peft_fields() {
  using enum PeftField::Kind;
  constexpr const char* kOfTraining = "how it was made while training";
  static const PeftFields all = with_prompts({{"num_attention_heads", read, "the model's heads of keys"},
                                              {"num_layers", read, "the model's blocks"},
                                              {"encoder_hidden_size", idle, kOfTraining},
                                              {"prefix_projection", idle, kOfTraining},
                                              {"init_weights", idle, kOfTraining}});
  return all;
}

ForeignAdapter from_peft(const io::JsonObject& config, const nn::NamedTensors& tensors, models::Model& model) {
  const torch::NoGradGuard no_grad;
  const auto sites = sites_of(entry.name, model, nn::SiteKind::key_values, Towers::reader);
  const auto layers = static_cast<int64_t>(sites.size());
  config.expect("num_attention_heads", {sites.front()->heads});
  config.expect("num_layers", {layers});
  const auto rows = read_prompts(entry.name, config, peft_fields(), tensors, model, 2 * layers * sites.front()->in);
  ForeignAdapter foreign;
  foreign.method = entry.parse({{"tokens", std::to_string(rows.size(0))}, {"inner", "0"}});
  int64_t begin = 0;
  for (const auto* site : sites) {
    auto own = rows.narrow(1, begin, 2 * site->in).clone();
    foreign.adaptation.bindings.push_back({std::make_shared<Prefix>(*site, own), {site->path}, entry.name});
    begin += 2 * site->in;
  }
  return foreign;
}

}  // namespace

Maker::Maker(int64_t tokens, int64_t width, int64_t inner, Random& random)
    : words(register_parameter("words", normal({tokens, width}, 1, random))),
      weight(register_parameter("weight", kaiming_uniform(inner, width, random))),
      bias(register_parameter("bias", uniform({inner}, 1 / std::sqrt(static_cast<double>(width)), random))) {}

at::Tensor Maker::hidden() const {
  return at::tanh(at::linear(words, weight, bias));
}

Prefix::Prefix(const nn::Site& site, std::shared_ptr<Maker> maker, Random& random)
    : heads_(site.heads), tokens_(maker->words.size(0)), maker_(register_module("maker", std::move(maker))) {
  const auto inner = maker_->bias.size(0);
  weight_ = register_parameter("weight", kaiming_uniform(2 * site.in, inner, random));
  bias_ = register_parameter("bias", uniform({2 * site.in}, 1 / std::sqrt(static_cast<double>(inner)), random));
}

Prefix::Prefix(const nn::Site& site, at::Tensor rows)
    : heads_(site.heads), tokens_(rows.size(0)), rows_(register_parameter("rows", std::move(rows))) {}

at::Tensor Prefix::rows() const {
  return rows_.defined() ? rows_ : at::linear(maker_->hidden(), weight_, bias_);
}

void Prefix::bake(at::Tensor rows) {
  if (rows_.defined()) {
    rows_.copy_(rows);
  } else {
    rows_ = std::move(rows);
  }
}

at::Tensor Prefix::forward(const at::Tensor& x, const nn::Frozen&, const nn::Context&) const {
  const auto own = rows().view({tokens_, 2, heads_, -1}).permute({1, 2, 0, 3}).unsqueeze(1);  // [2, 1, heads, P, d]
  return at::cat({x, own.to(x.scalar_type()).expand({2, x.size(1), -1, -1, -1})}, 3);
}

nn::Layout Prefix::layout(const nn::Layout& before) const {
  return before.with(nn::TokenKind::prompt, tokens_, before.total());
}

const Entry entry{
    .name = "prefix",
    .summary = "learned keys and values before those of every text, in each block",
    .paper = "Li & Liang 2021, arXiv:2101.00190",
    .needs = {.sites = {nn::SiteKind::key_values}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<PrefixTuning>(read_options<Options>("prefix", values));
    },
    .size_option = "tokens",
    .peft_type = "PREFIX_TUNING",
    .from_peft = from_peft,
    .peft_fields = peft_fields,
};

}  // namespace graft::methods::prefix
