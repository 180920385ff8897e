#include "graft/pipelines/fold.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <map>
#include <optional>

#include "graft/core/error.h"
#include "graft/nn/foldable.h"
#include "graft/tensor/resting.h"

namespace graft::pipelines {
namespace {

// The frozen map at a joint: models hold theirs as modules.
std::map<const nn::Joint*, nn::Foldable*> foldable_maps(models::Model& model) {
  std::map<const nn::Joint*, nn::Foldable*> maps;
  for (const auto& module : model.modules(/*include_self=*/false)) {
    if (auto* map = dynamic_cast<nn::Foldable*>(module.get())) maps[&map->joint()] = map;
  }
  return maps;
}

// The map of a joint with all its occupants folded in, innermost first; the name of one that does not fold.
std::optional<nn::Folded> fold_all(const nn::Joint& joint, const nn::Foldable& map) {
  nn::Folded all{tensor::numbers_of(map.weight().detach()).to(at::kFloat).clone(),
                 map.bias().defined() ? map.bias().detach().to(at::kFloat).clone() : at::Tensor()};
  for (const auto& occupant : joint.occupants()) {
    const int64_t begin = occupant.whole() ? 0 : occupant.begin;
    const int64_t rows = occupant.whole() ? all.weight.size(0) : occupant.end - occupant.begin;
    const at::Tensor bias = all.bias.defined() ? all.bias.narrow(0, begin, rows) : at::Tensor();
    const auto folded = occupant.insert->fold(all.weight.narrow(0, begin, rows), bias);
    if (!folded) return {};
    all.weight.narrow(0, begin, rows).copy_(folded->weight);
    if (!folded->bias.defined()) continue;
    if (!all.bias.defined()) all.bias = torch::zeros({all.weight.size(0)}, all.weight.options());
    all.bias.narrow(0, begin, rows).copy_(folded->bias);
  }
  return all;
}

}  // namespace

int64_t fold_inserts(models::Model& model) {
  const torch::NoGradGuard no_grad;
  const auto maps = foldable_maps(model);
  std::vector<std::pair<nn::Foldable*, nn::Folded>> folded;
  std::vector<std::string> wrong;
  for (nn::Joint* joint : model.joints()) {
    if (joint->empty()) continue;
    const auto map = maps.find(joint);
    auto values = map == maps.end() ? std::nullopt : fold_all(*joint, *map->second);
    if (!values) {
      wrong.push_back(joint->site().path);
    } else if (values->bias.defined() && !map->second->bias().defined()) {
      wrong.push_back(joint->site().path + " (the checkpoint has no bias there)");
    } else {
      folded.emplace_back(map->second, std::move(*values));
    }
  }
  if (!wrong.empty()) {
    throw ModelError("merge", "this adapter is more than a change of weights and cannot be folded: {}.",
                     fmt::join(wrong, ", "));
  }
  model.clear_inserts();
  for (auto& [map, values] : folded)
    map->assign(values.weight, values.bias);
  return static_cast<int64_t>(folded.size());
}

}  // namespace graft::pipelines
