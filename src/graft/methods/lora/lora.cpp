#include "graft/methods/lora/lora.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <optional>

#include "graft/methods/dropout.h"
#include "graft/methods/initial.h"
#include "graft/methods/lora/combined.h"
#include "graft/methods/lora/peft.h"
#include "graft/methods/map_targets.h"
#include "graft/nn/convolution.h"
#include "graft/tensor/on_cpu.h"

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

class Lora final : public MethodWith<Options> {
 public:
  explicit Lora(Options options) : MethodWith(std::move(options)) {
    if (options_.rank < 1) throw ConfigError("lora", "--rank {}: expected 1 or more.", options_.rank);
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
    for (const auto& path : map_targets(entry.name, "target", options_.target, model, sites)) {
      const auto [joint, slice] = locate(model, nullptr, path);
      const int64_t in = joint->site().in * joint->site().window.taps();
      const int64_t out = slice ? slice->end - slice->begin : joint->site().out;
      if (options_.rank > std::min(in, out)) {
        throw ConfigError("lora", "rank {} is larger than the layer {} allows: at most {} (in {}, out {}).",
                          options_.rank, path, std::min(in, out), in, out);
      }
      Random own = random.fork(path);
      adaptation.bindings.push_back({std::make_shared<Branch>(joint->site(), out, options_, own), {path}, entry.name});
    }
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

std::vector<std::pair<Names, std::string>> choices(Names) {
  return {{Names::transformers_5, "transformers-5"}, {Names::transformers_4, "transformers-4"}};
}

Branch::Branch(const nn::Site& site, int64_t out, const Options& options, Random& random)
    : Branch({.a = first_map(site, options.rank, random),
              .b = second_map(site, out, options.rank),
              .scale = scale_of(options),
              .dropout = options.dropout,
              .window = site.window}) {}

Branch::Branch(BranchParts parts)
    : a_(register_parameter("a", std::move(parts.a))),
      b_(register_parameter("b", std::move(parts.b))),
      scale_(parts.scale),
      dropout_(parts.dropout),
      window_(std::move(parts.window)) {
  if (parts.gain.defined()) gain_ = register_buffer("gain", std::move(parts.gain));
  if (parts.shift.defined()) shift_ = register_buffer("shift", std::move(parts.shift));
}

nn::Form Branch::form() const {
  if (is_low_rank() && window_.sides.empty()) return nn::LowRank{a_, b_, scale_, dropout_};
  return nn::Opaque{};
}

at::Tensor Branch::update(const at::Tensor& x) const {
  if (window_.sides.empty()) return at::linear(at::linear(x, a_), b_);
  return nn::convolve(nn::convolve(x, a_, {}, window_.stride, window_.dilation), b_);
}

at::Tensor Branch::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  const auto input = dropout(x, dropout_, context).to(a_.scalar_type());
  auto y = frozen(x) + scale_ * update(input);
  if (gain_.defined()) y = y * gain_;
  return shift_.defined() ? y + shift_ : y;
}

std::optional<nn::Folded> Branch::fold(const at::Tensor& weight, const at::Tensor& bias) const {
  const torch::NoGradGuard no_grad;
  const auto change = at::mm(b_.flatten(1), a_.flatten(1));
  nn::Folded folded{weight.to(torch::kFloat32) + scale_ * change.view_as(weight).to(torch::kFloat32), bias};
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
    .peft_head = peft::saved_head,
    .combine = combine,
};

}  // namespace graft::methods::lora
