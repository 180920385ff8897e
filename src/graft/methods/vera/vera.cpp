#include "graft/methods/vera/vera.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/methods/disk.h"
#include "graft/methods/dropout.h"
#include "graft/methods/foreign.h"
#include "graft/methods/map_targets.h"
#include "graft/methods/peft_names.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::vera {
namespace {

constexpr const char* kA = "base_model.vera_A";
constexpr const char* kB = "base_model.vera_B";

const Vectors& vectors_of(const Binding& binding) {
  const auto* vectors = dynamic_cast<const Vectors*>(binding.insert.get());
  GRAFT_ASSERT(vectors);
  return *vectors;
}

struct Sizes {
  int64_t in = 0, out = 0;
};
Sizes sizes_of(models::Model& model, const std::string& path) {
  const auto [joint, slice] = locate(model, nullptr, path);
  return {joint->site().in, slice ? slice->end - slice->begin : joint->site().out};
}

// PEFT has the two vectors for a whole module, and none in an nn.MultiheadAttention.
bool can_hold(models::Model& model, const Adaptation& adaptation) {
  return std::ranges::none_of(adaptation.bindings, [&](const Binding& binding) {
    const auto [joint, slice] = locate(model, nullptr, binding.sites.front());
    return joint->site().multihead || (slice && slice->checkpoint.empty());
  });
}

std::vector<std::string> modules_of(models::Model& model, const Adaptation& adaptation) {
  const peft::WrittenNames names(model, peft::Names::transformers_5);
  std::vector<std::string> modules;
  for (const auto& binding : adaptation.bindings)
    modules.push_back(names(binding.sites.front()));
  return modules;
}

// Handles: copying into them changes the adaptation.
nn::NamedTensors named(models::Model& model, const Adaptation& adaptation) {
  const auto& shared = vectors_of(adaptation.bindings.front()).shared();
  nn::NamedTensors all{{kA, shared.a}, {kB, shared.b}};
  const auto modules = modules_of(model, adaptation);
  for (size_t i = 0; i < modules.size(); ++i) {
    const auto& vectors = vectors_of(adaptation.bindings[i]);
    all[fmt::format("base_model.model.{}.vera_lambda_b", modules[i])] = vectors.b();
    all[fmt::format("base_model.model.{}.vera_lambda_d", modules[i])] = vectors.d();
  }
  return all;
}

class Vera final : public MethodWith<Options> {
 public:
  explicit Vera(Options options) : MethodWith(std::move(options)) {
    if (options_.rank < 1) throw ConfigError("vera", "--rank {}: expected 1 or more.", options_.rank);
    if (options_.dropout < 0 || options_.dropout >= 1)
      throw ConfigError("vera", "--dropout {}: expected 0 or more, below 1.", options_.dropout);
  }
  std::string name() const override { return entry.name; }

  // The paper's rate for most of GLUE (app. A); epochs are for few examples.
  Recipe recipe(const Setting&) const override {
    return {.lr = 4e-3, .schedule = ScheduleKind::linear, .epochs = 50, .augmentation = Augmentation::crop_flip};
  }

  Adaptation attach(const Setting& setting, models::Head& head, Random&) const override {
    auto& model = *setting.model;
    check_towers(entry.name, options_.tower, model, head);
    const auto sites = sites_of(entry.name, model, nn::SiteKind::linear, options_.tower);
    const auto paths = map_targets(entry.name, "target", options_.target, model, sites);
    Sizes widest;
    for (const auto& path : paths) {
      const auto own = sizes_of(model, path);
      widest = {std::max(widest.in, own.in), std::max(widest.out, own.out)};
    }
    const auto shared = drawn_projections(options_.rank, widest.in, widest.out, options_.projection_key);
    Adaptation adaptation;
    for (const auto& path : paths) {
      const auto own = sizes_of(model, path);
      adaptation.bindings.push_back(
          {std::make_shared<Vectors>(shared, own.in, own.out, options_.d_initial, options_.dropout),
           {path},
           entry.name});
    }
    return adaptation;
  }

  nlohmann::json peft_config(models::Model& model, const Adaptation& adaptation) const override {
    if (!can_hold(model, adaptation)) return Method::peft_config(model, adaptation);
    return {{"peft_type", entry.peft_type},
            {"peft_version", "0.21.2"},
            {"task_type", nullptr},
            {"base_model_name_or_path", model.info().source},
            {"inference_mode", true},
            {"r", options_.rank},
            {"target_modules", modules_of(model, adaptation)},
            {"projection_prng_key", options_.projection_key},
            {"save_projection", true},
            {"vera_dropout", options_.dropout},
            {"d_initial", options_.d_initial},
            {"fan_in_fan_out", false},
            {"bias", "none"}};
  }
  nn::NamedTensors to_disk(models::Model& model, const Adaptation& adaptation) const override {
    if (!can_hold(model, adaptation)) return Method::to_disk(model, adaptation);
    auto all = named(model, adaptation);
    for (auto& [name, tensor] : all)
      tensor = tensor.detach();
    return all;
  }
  void from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const override {
    if (!can_hold(model, adaptation)) return Method::from_disk(model, tensors, adaptation);
    copy_by_name(entry.name, model, tensors, named(model, adaptation));
  }
};

const PeftFields& peft_fields() {
  using enum PeftField::Kind;
  constexpr const char* kSelects = "modules are those that have tensors";
  static const PeftFields all =
      with_common({{"r", read},
                   {"projection_prng_key", read, "the two matrices are drawn by it where they were not saved"},
                   {"save_projection", read},
                   {"vera_dropout", read},
                   {"bias", read, "none"},
                   {"d_initial", idle, "how the factors started"},
                   {"init_weights", idle, "how the vectors started"},
                   {"target_modules", tensors, kSelects},
                   {"layers_to_transform", tensors, kSelects},
                   {"layers_pattern", tensors, kSelects},
                   {"fan_in_fan_out", tensors, "vectors lie as always"},
                   {"modules_to_save", refused}});
  return all;
}

ForeignAdapter from_peft(const io::JsonObject& config, const nn::NamedTensors& tensors, models::Model& model) {
  const torch::NoGradGuard no_grad;
  Options options;
  options.rank = config.get("r", options.rank);
  options.dropout = config.get("vera_dropout", 0.0);
  options.projection_key = config.get("projection_prng_key", int64_t{0});
  const bool saved = config.get("save_projection", true);
  config.expect("bias", {"none"}, peft::kWayOn);
  ignore_idle(config, peft_fields());
  config.refuse_unread(entry.name, peft::kWayOn);
  const peft::Places places(model);
  std::vector<std::string> paths, wrong;
  std::map<std::string, std::pair<at::Tensor, at::Tensor>> vectors;  // by path: b, d
  Sizes widest;
  for (const auto& [name, tensor] : tensors) {
    if (name == kA || name == kB) continue;
    const auto key = peft::parse_key(name);
    const auto place = places.find(key.module);
    const bool of_b = key.part == "vera_lambda_b";
    if (!place || (!of_b && key.part != "vera_lambda_d") || place->path == "vision.patch") {
      wrong.push_back(fmt::format("  {}: no such place in {}", name, model.info().source));
      continue;
    }
    const auto own = sizes_of(model, place->path);
    const auto expected = of_b ? own.out : options.rank;
    if (tensor.sizes() != at::IntArrayRef({expected})) {
      wrong.push_back(fmt::format("  {}: shape [{}], expected [{}]", name, fmt::join(tensor.sizes(), ", "), expected));
      continue;
    }
    auto& pair = vectors[place->path];
    (of_b ? pair.first : pair.second) = tensor.to(at::kFloat);
    widest = {std::max(widest.in, own.in), std::max(widest.out, own.out)};
  }
  for (const auto& [path, pair] : vectors) {
    if (!pair.first.defined() || !pair.second.defined()) wrong.push_back("  " + path + ": one of its two is missing");
  }
  const auto shared = drawn_projections(options.rank, std::max<int64_t>(widest.in, 1), std::max<int64_t>(widest.out, 1),
                                        options.projection_key);
  for (const auto& [name, own] : {std::pair(kA, shared.a), std::pair(kB, shared.b)}) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      if (saved) wrong.push_back(fmt::format("  {}: missing, with \"save_projection\": true", name));
    } else if (found->second.sizes() != own.sizes()) {
      wrong.push_back(fmt::format("  {}: shape [{}], expected [{}]", name, fmt::join(found->second.sizes(), ", "),
                                  fmt::join(own.sizes(), ", ")));
    } else {
      at::Tensor(own).copy_(found->second);
    }
  }
  if (!wrong.empty() || vectors.empty()) {
    throw ModelError(entry.name, "{}: the adapter does not fit {}, {} of {} tensors:\n{}\n{}", config.file(),
                     model.info().source, wrong.size(), tensors.size(), fmt::join(wrong, "\n"), peft::kWayOn);
  }
  ForeignAdapter foreign;
  for (const auto& [path, pair] : vectors) {
    const auto own = sizes_of(model, path);
    auto insert = std::make_shared<Vectors>(shared, own.in, own.out, options.d_initial, options.dropout);
    at::Tensor(insert->b()).copy_(pair.first);
    at::Tensor(insert->d()).copy_(pair.second);
    foreign.adaptation.bindings.push_back({std::move(insert), {path}, entry.name});
    paths.push_back(path);
  }
  options.target = fmt::format("{}", fmt::join(paths, ","));
  options.tower = Towers::both;
  foreign.method = entry.parse(write_options(options));
  return foreign;
}

}  // namespace

// Kaiming's bound with the gain of a rectifier: sqrt(6 / inputs).
Projections drawn_projections(int64_t rank, int64_t inputs, int64_t outputs, int64_t key) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(key));
  const auto draw = [&](int64_t rows, int64_t columns) {
    const double bound = std::sqrt(3.0) * (std::sqrt(2.0) / std::sqrt(static_cast<double>(columns)));
    return torch::empty({rows, columns}, tensor::on_cpu()).uniform_(-bound, bound, generator);
  };
  auto a = draw(rank, inputs);
  return {std::move(a), draw(outputs, rank)};
}

Vectors::Vectors(Projections shared, int64_t inputs, int64_t outputs, double d_initial, double dropout)
    : shared_(std::move(shared)),
      inputs_(inputs),
      dropout_(dropout),
      d_(register_parameter("d", at::full({shared_.a.size(0)}, d_initial, tensor::on_cpu(at::kFloat)))),
      b_(register_parameter("b", at::zeros({outputs}, tensor::on_cpu(at::kFloat)))) {}

at::Tensor Vectors::left() const {
  return b_.unsqueeze(1) * shared_.b.narrow(0, 0, b_.size(0)).to(b_.scalar_type()) * d_;
}

at::Tensor Vectors::right() const {
  return shared_.a.narrow(1, 0, inputs_).to(d_.scalar_type()).contiguous();
}

nn::Form Vectors::form() const {
  return nn::LowRank{right(), left(), 1, dropout_};
}

at::Tensor Vectors::forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const {
  const auto input = dropout(x, dropout_, context).to(d_.scalar_type());
  return frozen(x) + at::linear(at::linear(input, right()), left());
}

std::optional<nn::Folded> Vectors::fold(const at::Tensor& weight, const at::Tensor& bias) const {
  const torch::NoGradGuard no_grad;
  return nn::Folded{weight.to(torch::kFloat32) + at::mm(left(), right()).to(torch::kFloat32), bias};
}

const Entry entry{
    .name = "vera",
    .summary = "a low-rank update of drawn matrices that all maps share, with learned factors",
    .paper = "Kopiczko et al. 2024, arXiv:2310.11454",
    .promises = {.identity_at_start = true, .folds = true},
    .needs = {.sites = {nn::SiteKind::linear}},
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Method> {
      return std::make_unique<Vera>(read_options<Options>("vera", values));
    },
    .size_option = "rank",
    .peft_type = "VERA",
    .from_peft = from_peft,
    .peft_fields = peft_fields,
};

}  // namespace graft::methods::vera
