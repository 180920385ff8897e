#include "graft/methods/local_adapter/local_adapter.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <utility>

#include "graft/core/error.h"
#include "graft/methods/initial.h"
#include "graft/methods/places.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::local_adapter {
namespace {

constexpr nn::Place kTokens = 1;  // what block 0 reads

class LocalAdapter final : public MethodWith<Options> {
 public:
  explicit LocalAdapter(Options options) : MethodWith(options) {
    check_goodness(entry.name, options_);
    if (options_.bottleneck < 1)
      throw ConfigError(entry.name, "--bottleneck {}: expected 1 or more.", options_.bottleneck);
  }

  std::string name() const override { return entry.name; }

  HeadWish head(const Setting& setting) const override {
    mlps(setting);  // a model without any is refused before something is built
    return {.at = kTokens,
            .make = [options = options_, model = setting.model](int64_t, int64_t outputs, Random& random) {
              return std::make_shared<BlockByBlock>(model, outputs, options, random);
            }};
  }

  Recipe recipe(const Setting&) const override { return {.lr = 3e-3, .weight_decay = 1e-4, .epochs = 60}; }

  Adaptation attach(const Setting& setting, models::Head& head, Random& random) const override {
    check_needs(entry, setting);
    auto& by_block = dynamic_cast<BlockByBlock&>(head);
    Adaptation adaptation;
    for (const auto* site : mlps(setting)) {
      Random own = random.fork(site->path);
      const auto beside = std::make_shared<Beside>(site->in, options_.bottleneck, own);
      by_block.teach(site->block, beside);
      adaptation.bindings.push_back({beside, {site->path}, entry.name});
    }
    return adaptation;
  }

 private:
  static std::vector<const nn::Site*> mlps(const Setting& setting) {
    auto sites = sites_of(entry.name, *setting.model, nn::SiteKind::sublayer, Towers::reader);
    std::erase_if(sites, [](const auto* site) { return site->part != "mlp"; });
    return sites;
  }
};

// The loss as a number that has the gradients which it has now: what it was computed from can go.
at::Tensor settled(const at::Tensor& loss, const std::vector<at::Tensor>& parameters) {
  if (!loss.requires_grad()) return loss;
  const auto gradients = torch::autograd::grad({loss}, parameters);
  auto value = loss.detach();
  for (size_t i = 0; i < parameters.size(); ++i)
    value = value + ((parameters[i] - parameters[i].detach()) * gradients[i]).sum();
  return value;
}

}  // namespace

Beside::Beside(int64_t width, int64_t inner, Random& random) {
  down_weight_ = register_parameter("down_weight", kaiming_uniform(inner, width, random));
  down_bias_ = register_parameter("down_bias", torch::zeros({inner}, tensor::on_cpu()));
  up_weight_ = register_parameter("up_weight", torch::zeros({width, inner}, tensor::on_cpu()));
  up_bias_ = register_parameter("up_bias", torch::zeros({width}, tensor::on_cpu()));
}

at::Tensor Beside::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context&) const {
  const auto normed = frozen.norm(x);
  const auto inner = at::relu(at::linear(normed.to(down_weight_.scalar_type()), down_weight_, down_bias_));
  return frozen.body(normed) + at::linear(inner, up_weight_, up_bias_);
}

nn::Form Beside::form() const {
  return nn::Bottleneck{
      .parts = {.down_weight = down_weight_, .down_bias = down_bias_, .up_weight = up_weight_, .up_bias = up_bias_},
      .parallel = true,
      .reads_norm = true};
}

BlockByBlock::BlockByBlock(std::shared_ptr<models::Model> model, int64_t outputs, const Options& options,
                           Random& random)
    : Head(model->reader().width(kTokens), outputs), model_(std::move(model)) {
  const auto& tower = model_->reader();
  for (int64_t k = 0; k < tower.blocks(); ++k) {
    Random own = random.fork(static_cast<uint64_t>(k));
    layers_.emplace_back(*this, fmt::format("block_{}_", k), tower.width(kTokens + 1 + k), outputs, options, own);
  }
  taught_.resize(layers_.size());
}

void BlockByBlock::teach(int64_t k, std::shared_ptr<nn::Insert> insert) {
  taught_.at(static_cast<size_t>(k)) = std::move(insert);
}

std::vector<at::Tensor> BlockByBlock::parameters_of(size_t k) const {
  auto all = layers_[k].parameters();
  if (taught_[k]) {
    const auto taught = taught_[k]->parameters();
    all.insert(all.end(), taught.begin(), taught.end());
  }
  return all;
}

at::Tensor BlockByBlock::frozen(const at::Tensor& tokens, nn::Context& context) const {
  const auto& tower = model_->reader();
  nn::Value value{tokens, context.layout, context.present};
  at::Tensor all;
  for (size_t k = 0; k < layers_.size(); ++k) {
    const auto from = kTokens + static_cast<nn::Place>(k);
    value = tower.run(std::move(value), from, from + 1, context);
    const auto goodness = layers_[k].of_labels(tower.rows(value));
    all = all.defined() ? all + goodness : goodness;
  }
  return all;
}

at::Tensor BlockByBlock::own_loss(const at::Tensor& tokens, const at::Tensor& labels, nn::Context& context) const {
  const auto& tower = model_->reader();
  auto inner = context;
  inner.recompute = false;  // a block's backward comes right behind it
  nn::Value value{tokens.detach(), context.layout, context.present};
  at::Tensor all;
  for (size_t k = 0; k < layers_.size(); ++k) {
    const auto from = kTokens + static_cast<nn::Place>(k);
    value = tower.run(std::move(value), from, from + 1, inner);
    const auto loss = settled(layers_[k].loss(tower.rows(value), labels, context.generator), parameters_of(k));
    all = all.defined() ? all + loss : loss;
    value.x = value.x.detach();
  }
  return all;
}

const Entry entry{
    .name = "local-adapter",
    .summary = "a small network beside each block's MLP that learns from its own block's goodness",
    .paper = "Hinton 2022, arXiv:2212.13345",
    .needs = {.sites = {nn::SiteKind::sublayer}, .targets = {data::Target::label}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<LocalAdapter>(read_options<Options>("local-adapter", values));
    },
    .size_option = "bottleneck",
};

}  // namespace graft::methods::local_adapter
