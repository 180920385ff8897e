#include "graft/methods/ia3/peft.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/methods/disk.h"
#include "graft/methods/peft_names.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods::ia3::peft {
namespace {

using methods::peft::parse_key;
using methods::peft::Places;
using methods::peft::WrittenNames;

const Factors& factors_of(const Binding& binding) {
  const auto* factors = dynamic_cast<const Factors*>(binding.insert.get());
  GRAFT_ASSERT(factors);
  return *factors;
}

// The module of a binding in a file, and where in its tensor the factors are.
struct Module {
  std::string name;
  std::vector<int64_t> shape;  // [out, 1], [1, in], or with the sides of a convolution
  int64_t begin = 0;
};

Module module_of(models::Model& model, const WrittenNames& names, const Binding& binding) {
  const auto& path = binding.sites.front();
  const auto [joint, slice] = locate(model, nullptr, path);
  const auto& site = joint->site();
  const bool fused = slice && slice->checkpoint.empty(), inputs = factors_of(binding).side() == Side::inputs;
  const auto all = inputs ? site.in : slice && !fused ? slice->end - slice->begin : site.out;
  const auto sides = site.window.sides.size();
  Module module{names(fused ? site.path : path), std::vector<int64_t>(2 + sides, 1),
                fused && !inputs ? slice->begin : 0};
  module.shape[sides > 0 || inputs ? 1 : 0] = all;
  return module;
}

std::string key_of_module(const std::string& name) {
  return "base_model.model." + name + ".ia3_l";
}

// What a file holds: of each module all of its factors.
nn::NamedTensors ones(models::Model& model, const Adaptation& adaptation) {
  const WrittenNames names(model, methods::peft::Names::transformers_5);
  nn::NamedTensors all;
  for (const auto& binding : adaptation.bindings) {
    const auto module = module_of(model, names, binding);
    all.try_emplace(key_of_module(module.name), at::ones(module.shape, tensor::on_cpu(at::kFloat)));
  }
  return all;
}

// A binding's part of its module's tensor, [n].
at::Tensor part_of(const nn::NamedTensors& all, const Module& module, const Factors& factors) {
  return all.at(key_of_module(module.name)).flatten().narrow(0, module.begin, factors.factors().size(0));
}

}  // namespace

bool can_hold(models::Model& model, const Adaptation& adaptation) {
  std::map<std::string, Side> sides;  // a module's outputs or its inputs, not both
  return std::ranges::none_of(adaptation.bindings, [&](const Binding& binding) {
    const auto& site = locate(model, nullptr, binding.sites.front()).joint->site();
    const auto side = factors_of(binding).side();
    return site.multihead || sides.try_emplace(site.path, side).first->second != side;
  });
}

nlohmann::json config(models::Model& model, const Adaptation& adaptation) {
  const WrittenNames names(model, methods::peft::Names::transformers_5);
  std::vector<std::string> targets, inputs;
  for (const auto& binding : adaptation.bindings) {
    const auto module = module_of(model, names, binding);
    if (std::ranges::find(targets, module.name) != targets.end()) continue;
    targets.push_back(module.name);
    if (factors_of(binding).side() == Side::inputs) inputs.push_back(module.name);
  }
  return {{"peft_type", "IA3"},       {"peft_version", "0.21.2"},
          {"task_type", nullptr},     {"base_model_name_or_path", model.info().source},
          {"inference_mode", true},   {"target_modules", targets},
          {"fan_in_fan_out", false},  {"feedforward_modules", inputs},
          {"init_ia3_weights", true}, {"modules_to_save", nullptr}};
}

nn::NamedTensors write(models::Model& model, const Adaptation& adaptation) {
  const torch::NoGradGuard no_grad;
  const WrittenNames names(model, methods::peft::Names::transformers_5);
  auto all = ones(model, adaptation);
  for (const auto& binding : adaptation.bindings) {
    const auto& factors = factors_of(binding);
    part_of(all, module_of(model, names, binding), factors).copy_(factors.factors());
  }
  return all;
}

void read(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) {
  const torch::NoGradGuard no_grad;
  const WrittenNames names(model, methods::peft::Names::transformers_5);
  const auto all = ones(model, adaptation);
  copy_by_name(entry.name, model, tensors, all);
  for (const auto& binding : adaptation.bindings) {
    const auto& factors = factors_of(binding);
    at::Tensor(factors.factors()).copy_(part_of(all, module_of(model, names, binding), factors));
  }
}

namespace {

// Modules whose inputs are multiplied, where the shape of a tensor does not tell: by PEFT's rule, the ends of a list's
// names. A regular expression is told by nothing here.
bool is_told(const nlohmann::json& inputs, const std::string& module) {
  return inputs.is_array() && std::ranges::any_of(inputs, [&](const nlohmann::json& name) {
           return name.is_string() && module.ends_with(name.get<std::string>());
         });
}

// Of a tensor of PEFT's on a site or slice with so many outputs; nothing: it is of neither side.
std::optional<Side> side_of(const at::Tensor& tensor, const nn::Site& site, int64_t outputs, bool told_inputs) {
  const auto sides = site.window.sides.size();
  std::vector<int64_t> of_outputs(2 + sides, 1), of_inputs(2 + sides, 1);
  of_outputs[sides > 0 ? 1 : 0] = outputs;
  of_inputs[1] = site.in;
  const bool fits_outputs = tensor.sizes() == at::IntArrayRef(of_outputs),
             fits_inputs = tensor.sizes() == at::IntArrayRef(of_inputs);
  if (fits_inputs && (told_inputs || !fits_outputs)) return Side::inputs;
  return fits_outputs ? std::optional(Side::outputs) : std::nullopt;
}

}  // namespace

const PeftFields& fields() {
  using enum PeftField::Kind;
  constexpr const char* kSelects = "modules, and the side of each, are those that have tensors";
  static const PeftFields all =
      with_common({{"feedforward_modules", read, "for convolutions as wide before as behind; else the tensors tell"},
                   {"target_modules", tensors, kSelects},
                   {"exclude_modules", tensors, kSelects},
                   {"fan_in_fan_out", tensors, "factors lie as always"},
                   {"init_ia3_weights", idle, "how they started"},
                   {"modules_to_save", refused}});
  return all;
}

ForeignAdapter from_peft(const io::JsonObject& config, const nn::NamedTensors& tensors, models::Model& model) {
  ignore_idle(config, fields());
  const auto& feedforward = config.raw("feedforward_modules");
  config.refuse_unread(entry.name, methods::peft::kWayOn);
  const Places places(model);
  ForeignAdapter foreign;
  std::vector<std::string> wrong, outputs, inputs;
  for (const auto& [name, tensor] : tensors) {
    const auto key = parse_key(name);
    const auto place = places.find(key.module);
    if (key.part != "ia3_l" || !place || place->path == "vision.patch") {
      wrong.push_back(fmt::format("  {}: no such place in {}", name, model.info().source));
      continue;
    }
    const auto [joint, slice] = locate(model, nullptr, place->path);
    const auto& site = joint->site();
    const auto out = slice ? slice->end - slice->begin : site.out;
    const auto side = side_of(tensor, site, out, is_told(feedforward, key.module));
    if (!side) {
      wrong.push_back(fmt::format("  {}: shape [{}], expected {} outputs or {} inputs", name,
                                  fmt::join(tensor.sizes(), ", "), out, site.in));
      continue;
    }
    (side == Side::inputs ? inputs : outputs).push_back(place->path);
    const auto dimensions = static_cast<int64_t>(site.window.sides.size());
    foreign.adaptation.bindings.push_back(
        {std::make_shared<Factors>(tensor.to(at::kFloat).flatten().clone(), *side, dimensions),
         {place->path},
         entry.name});
  }
  if (!wrong.empty() || tensors.empty()) {
    throw ModelError(entry.name, "{}: the adapter does not fit {}, {} of {} tensors:\n{}\n{}", config.file(),
                     model.info().source, wrong.size(), tensors.size(), fmt::join(wrong, "\n"), methods::peft::kWayOn);
  }
  foreign.method = entry.parse({{"target", fmt::format("{}", fmt::join(outputs, ","))},
                                {"inputs", fmt::format("{}", fmt::join(inputs, ","))},
                                {"tower", "both"}});
  return foreign;
}

}  // namespace graft::methods::ia3::peft
