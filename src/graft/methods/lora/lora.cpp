#include "graft/methods/lora/lora.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "graft/methods/dropout.h"
#include "graft/methods/initial.h"
#include "graft/methods/lora/combined.h"
#include "graft/methods/lora/module_patterns.h"
#include "graft/methods/lora/peft.h"
#include "graft/methods/lora/peft_settings.h"
#include "graft/methods/map_targets.h"
#include "graft/nn/convolution.h"
#include "graft/tensor/on_cpu.h"
#include "graft/tensor/resting.h"

namespace graft::methods::lora {
namespace {

double scale_of(const Options& o) {
  const auto rank = static_cast<double>(o.rank);
  return o.alpha / (o.rslora ? std::sqrt(rank) : rank);
}

at::Tensor first_map(const nn::Site& site, int64_t rank, Random& random) {
  std::vector<int64_t> shape = {rank, site.in};
  shape.insert(shape.end(), site.window.sides.begin(), site.window.sides.end());
  return kaiming_uniform(rank, site.in * site.window.taps(), random).view(shape);
}

at::Tensor second_map(const nn::Site& site, int64_t out, int64_t rank) {
  std::vector<int64_t> shape = {out, rank};
  shape.resize(2 + site.window.sides.size(), 1);
  return torch::zeros(shape, tensor::on_cpu());
}

BranchParts parts_beside(const nn::Site& site, int64_t out, const Options& options, Random& random,
                         const at::Tensor& weight) {
  BranchParts parts{.a = first_map(site, options.rank, random),
                    .b = second_map(site, out, options.rank),
                    .scale = scale_of(options),
                    .dropout = options.dropout,
                    .window = site.window};
  if (options.start != Start::plain) {
    auto pair = taken_from(weight, options.start, options.rank, parts.scale);
    parts.a0 = pair.a.clone();
    parts.b0 = pair.b.clone();
    parts.a = std::move(pair.a);
    parts.b = std::move(pair.b);
  }
  if (options.dora) {
    parts.squares = weight.square().sum(1);
    parts.magnitude = parts.squares.sqrt();
  }
  return parts;
}

bool says_all_linear(const Options& o) {
  return o.target_modules == "all-linear";
}

// What is adapted, and with what.
struct Target {
  std::string path;
  Options options;
};

class Targets {
 public:
  Targets(const Options& options, models::Model& model)
      : options_(options), model_(model), names_(model, options.names) {
    for (const auto& layer : options.layers)
      option::parse("lora", "layers", layer, layers_.emplace_back());
    ranks_ = pattern_numbers("rank-pattern", options.rank_pattern);
    alphas_ = pattern_numbers("alpha-pattern", options.alpha_pattern);
  }

  std::vector<Target> among(const std::vector<const nn::Site*>& sites) {
    std::vector<Target> all;
    for (const auto& path : paths(sites)) {
      const auto module = names_(path);
      const auto& site = locate(model_, nullptr, path).joint->site();
      if (!options_.exclude_modules.empty() && selects(options_.exclude_modules, module)) continue;
      if (!layers_.empty() && std::ranges::find(layers_, site.block) == layers_.end()) continue;
      Target target{path, options_};
      if (const auto rank = of(ranks_, used_ranks_, "--rank-pattern", module))
        target.options.rank = static_cast<int64_t>(*rank);
      if (const auto alpha = of(alphas_, used_alphas_, "--alpha-pattern", module)) target.options.alpha = *alpha;
      all.push_back(std::move(target));
    }
    if (all.empty()) {
      throw ConfigError("lora", "no module of {} is left by {}. In a block there are: {}.", model_.info().source,
                        "--target-modules, --exclude-modules and --layers", fmt::join(offered(sites), ", "));
    }
    refuse_unused("rank-pattern", ranks_, used_ranks_);
    refuse_unused("alpha-pattern", alphas_, used_alphas_);
    return all;
  }

 private:
  std::vector<std::string> paths(const std::vector<const nn::Site*>& sites) {
    if (options_.target_modules.empty()) return map_targets(entry.name, "target", options_.target, model_, sites);
    std::vector<std::string> found;
    for (const auto& path : modules(sites)) {
      if (says_all_linear(options_) || selects(options_.target_modules, names_(path))) found.push_back(path);
    }
    return found;
  }

  // Every module that PEFT would find: maps of blocks, and the pooler behind them; all-linear leaves convolutions out.
  std::vector<std::string> modules(const std::vector<const nn::Site*>& sites) const {
    std::vector<std::string> all;
    for (const auto* site : sites) {
      if (site->block < 0 && site->path != "text.pooler") continue;
      if (says_all_linear(options_) && site->kind != nn::SiteKind::linear) continue;
      const bool separate = !site->slices.empty() && !site->slices.front().checkpoint.empty();
      if (!separate) all.push_back(site->path);
      for (const auto& slice : site->slices) {
        if (separate) all.push_back(site->path + "." + slice.name);
      }
    }
    return all;
  }

  std::vector<std::string> offered(const std::vector<const nn::Site*>& sites) const {
    std::vector<std::string> names;
    for (const auto& path : modules(sites)) {
      if (locate(model_, nullptr, path).joint->site().block <= 0) names.push_back(names_(path));
    }
    return names;
  }

  static std::optional<double> of(const std::vector<PatternNumber>& patterns, std::set<std::string>& used,
                                  const std::string& where, const std::string& module) {
    for (const auto& [pattern, number] : patterns) {
      if (!matches_pattern(where, pattern, module)) continue;
      used.insert(pattern);
      return number;
    }
    return {};
  }

  static void refuse_unused(const char* option, const std::vector<PatternNumber>& patterns,
                            const std::set<std::string>& used) {
    for (const auto& [pattern, number] : patterns) {
      if (!used.contains(pattern))
        throw ConfigError("lora", "--{}: {} is no name of what is adapted, or one before it is.", option, pattern);
    }
  }

  const Options& options_;
  models::Model& model_;
  methods::peft::WrittenNames names_;
  std::vector<int64_t> layers_;
  std::vector<PatternNumber> ranks_, alphas_;
  std::set<std::string> used_ranks_, used_alphas_;
};

class Lora final : public MethodWith<Options> {
 public:
  explicit Lora(Options options) : MethodWith(std::move(options)) {
    if (options_.rank < 1) throw ConfigError("lora", "--rank {}: expected 1 or more.", options_.rank);
    if (!(options_.b_rate > 0)) throw ConfigError("lora", "--b-rate {}: expected more than 0.", options_.b_rate);
    if (options_.dropout < 0 || options_.dropout >= 1) {
      throw ConfigError("lora", "--dropout {}: expected 0 or more, below 1.", options_.dropout);
    }
  }

  std::string name() const override { return entry.name; }

  // CLIP-LoRA's optimiser (Zanella & Ben Ayed 2024, arXiv:2405.18541). They count steps, 500 a shot, where we count
  // epochs, and take rank 2 at dropout 0.25 on both towers; rank and place here are Hu et al.'s.
  Recipe recipe(const Setting&) const override {
    return {.lr = 2e-4, .weight_decay = 0.01, .epochs = 50, .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    Adaptation adaptation;
    const auto sites = sites_of(entry.name, model, entry.needs.sites, options_.tower);
    const auto parameters = model.named_parameters();
    const bool asks_weight = options_.dora || options_.start != Start::plain;
    for (const auto& [path, options] : Targets(options_, model).among(sites)) {
      const auto [joint, slice] = locate(model, nullptr, path);
      const auto& site = joint->site();
      const int64_t in = site.in * site.window.taps();
      const int64_t out = slice ? slice->end - slice->begin : site.out;
      if (options.rank > std::min(in, out)) {
        throw ConfigError("lora", "rank {} is larger than the layer {} allows: at most {} (in {}, out {}).",
                          options.rank, path, std::min(in, out), in, out);
      }
      at::Tensor weight;
      if (asks_weight) {
        if (!site.window.sides.empty() || site.multihead) {
          throw ConfigError("lora", "--dora and --start are for linear maps of their own, and {} is {}.", path,
                            site.multihead ? "in an nn.MultiheadAttention" : "a convolution");
        }
        weight = tensor::numbers_of(parameters[site.path + ".weight"].detach()).to(at::kFloat);
        if (slice) weight = weight.narrow(0, slice->begin, out);
      }
      Random own = random.fork(path);
      adaptation.bindings.push_back({std::make_shared<Branch>(site, out, options, own, weight), {path}, entry.name});
    }
    if (options_.b_rate != 1) adaptation.rates = {{".lora.b", options_.b_rate}, {".lora.magnitude", options_.b_rate}};
    return adaptation;
  }

  nlohmann::json peft_config(models::Model& model, const Adaptation& adaptation) const override {
    return peft::config(options_, model, adaptation);
  }
  nn::NamedTensors to_disk(models::Model& model, const Adaptation& adaptation) const override {
    return peft::write(options_, model, adaptation);
  }
  void from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const override {
    peft::read(options_, model, tensors, adaptation);
  }
};

}  // namespace

Branch::Branch(const nn::Site& site, int64_t out, const Options& options, Random& random, const at::Tensor& weight)
    : Branch(parts_beside(site, out, options, random, weight)) {}

Branch::Branch(BranchParts parts)
    : a_(register_parameter("a", std::move(parts.a))),
      b_(register_parameter("b", std::move(parts.b))),
      scale_(parts.scale),
      dropout_(parts.dropout),
      window_(std::move(parts.window)) {
  const auto keep = [&](const char* name, at::Tensor value) {
    return value.defined() ? register_buffer(name, std::move(value)) : at::Tensor();
  };
  gain_ = keep("gain", std::move(parts.gain));
  shift_ = keep("shift", std::move(parts.shift));
  a0_ = keep("a0", std::move(parts.a0));
  b0_ = keep("b0", std::move(parts.b0));
  squares_ = keep("squares", std::move(parts.squares));
  if (parts.magnitude.defined()) magnitude_ = register_parameter("magnitude", std::move(parts.magnitude));
}

at::Tensor Branch::whole_a() const {
  return a0_.defined() ? at::cat({a_, a0_}) : a_;
}

at::Tensor Branch::whole_b() const {
  return b0_.defined() ? at::cat({b_, -b0_}, 1) : b_;
}

void Branch::set(const at::Tensor& whole_a, const at::Tensor& whole_b) const {
  const torch::NoGradGuard no_grad;
  const auto rank = a_.size(0);
  at::Tensor(a_).copy_(whole_a.narrow(0, 0, rank));
  at::Tensor(b_).copy_(whole_b.narrow(1, 0, rank));
  if (!a0_.defined()) return;
  at::Tensor(a0_).copy_(whole_a.narrow(0, rank, rank));
  at::Tensor(b0_).copy_(-whole_b.narrow(1, rank, rank));
}

nn::Form Branch::form() const {
  if (is_low_rank() && window_.sides.empty()) return nn::LowRank{whole_a(), whole_b(), scale_, dropout_};
  return nn::Opaque{};
}

at::Tensor Branch::update(const at::Tensor& x) const {
  if (window_.sides.empty()) return at::linear(at::linear(x, whole_a()), whole_b());
  return nn::convolve(nn::convolve(x, a_, {}, window_.stride, window_.dilation), b_);
}

// |W + s B A|² is |W|² + 2 s <B, W A^T> + s² <B, B A A^T> by rows.
at::Tensor Branch::lengths(const at::Tensor& products) const {
  const auto a = whole_a(), b = whole_b();
  const auto squares =
      squares_ + 2 * scale_ * (b * products.t()).sum(1) + scale_ * scale_ * (at::mm(b, at::mm(a, a.t())) * b).sum(1);
  return squares.clamp_min(1e-30).sqrt();
}

// As PEFT computes it: where x is dropped in part, the frozen map reads it whole once and dropped once. The map itself
// gives the products of A with its weight, and its bias, which is not lengthened.
at::Tensor Branch::lengthened(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  const auto kept = dropout(x, dropout_, context);
  at::Tensor bias, constant;
  {
    const torch::NoGradGuard no_grad;
    const auto a = whole_a();
    const auto seen = frozen(at::constant_pad_nd(a, {0, 0, 0, 1}).to(x.scalar_type()));  // a row of zeros: the bias
    bias = seen.narrow(0, a.size(0), 1);
    constant = lengths((seen.narrow(0, 0, a.size(0)) - bias).to(a.scalar_type()));
  }
  const auto gain = magnitude_ / constant;
  const auto whole = frozen(x);
  const auto base = (kept.is_same(x) ? whole : frozen(kept)) - bias;
  return whole + (gain - 1) * base + gain * scale_ * update(kept.to(a_.scalar_type()));
}

at::Tensor Branch::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  if (magnitude_.defined()) return lengthened(x, frozen, context);
  const auto input = dropout(x, dropout_, context).to(a_.scalar_type());
  auto y = frozen(x) + scale_ * update(input);
  if (gain_.defined()) y = y * gain_;
  return shift_.defined() ? y + shift_ : y;
}

std::optional<nn::Folded> Branch::fold(const at::Tensor& weight, const at::Tensor& bias) const {
  const torch::NoGradGuard no_grad;
  const auto change = at::mm(whole_b().flatten(1), whole_a().flatten(1));
  nn::Folded folded{weight.to(torch::kFloat32) + scale_ * change.view_as(weight).to(torch::kFloat32), bias};
  if (magnitude_.defined()) {
    const auto gain = magnitude_ / lengths(at::mm(whole_a(), weight.to(a_.scalar_type()).t()));
    folded.weight = folded.weight * gain.to(torch::kFloat32).unsqueeze(1);
  }
  if (gain_.defined()) {
    folded.weight = folded.weight * gain_.unsqueeze(1);
    if (bias.defined()) folded.bias = bias * gain_;
  }
  if (shift_.defined()) folded.bias = folded.bias.defined() ? folded.bias + shift_ : shift_;
  return folded;
}

const Entry entry{
    .name = "lora",
    .summary = "a low-rank update beside frozen linear maps, or convolutions",
    .paper = "Hu et al. 2021, arXiv:2106.09685",
    .promises = {.identity_at_start = true, .folds = true},
    .needs = {.sites = {nn::SiteKind::linear, nn::SiteKind::convolution}, .any_site = true},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Lora>(read_options<Options>("lora", values));
    },
    .size_option = "rank",
    .peft_type = "LORA",
    .from_peft = peft::from_peft,
    .peft_fields = peft::fields,
    .peft_head = peft::saved_head,
    .combine = combine,
};

}  // namespace graft::methods::lora
