#include "graft/methods/adaptation.h"

#include <torch/types.h>

#include <algorithm>
#include <set>

#include "graft/methods/places.h"

namespace graft::methods {

nn::Parameters install(const Adaptation& adaptation, models::Model& model, models::Head& head) {
  model.clear_inserts();
  head.joint().clear();
  model.freeze_all_but(adaptation.trained);
  model.go_by_batch(adaptation.by_batch);

  nn::Parameters training;
  std::set<const void*> seen;  // an insert may sit at several sites, a parameter in several inserts
  for (const auto& binding : adaptation.bindings) {
    for (const auto& path : binding.sites) {
      const auto [joint, slice] = locate(model, &head, path);
      joint->put(binding.insert, slice);
    }
    for (const auto& parameter : binding.insert->named_parameters()) {
      if (!parameter.value().requires_grad() || !seen.insert(parameter.value().unsafeGetTensorImpl()).second) continue;
      training.emplace_back(fmt::format("{}.{}.{}", binding.sites.front(), binding.method, parameter.key()),
                            parameter.value());
    }
  }
  const auto parameters = model.named_parameters();
  for (const auto& name : adaptation.trained)
    training.emplace_back(name, parameters[name]);
  for (const auto& parameter : head.named_parameters()) {
    training.emplace_back("head." + parameter.key(), parameter.value());
  }
  return training;
}

namespace {

void add_statistics(const std::string& path, const nn::BatchNorm& norm, nn::Parameters& all) {
  for (const auto& [name, value] : norm.statistics())
    all.emplace_back(path + "." + name, value);
}

}  // namespace

nn::Parameters model_statistics(const Adaptation& adaptation, const models::Model& model) {
  nn::Parameters all;
  for (const auto& [path, norm] : model.batch_norms()) {
    if (std::ranges::find(adaptation.by_batch, path) != adaptation.by_batch.end()) add_statistics(path, *norm, all);
  }
  return all;
}

nn::Parameters statistics(const Adaptation& adaptation, const models::Model& model) {
  auto all = model_statistics(adaptation, model);
  for (const auto& binding : adaptation.bindings) {
    for (const auto& module : binding.insert->named_modules()) {
      const auto* norm = dynamic_cast<const nn::BatchNorm*>(module.value().get());
      if (norm && norm->goes_by_batch())
        add_statistics(fmt::format("{}.{}.{}", binding.sites.front(), binding.method, module.key()), *norm, all);
    }
  }
  return all;
}

nn::Place earliest_change(const Adaptation& adaptation, models::Model& model) {
  nn::Place earliest = model.reader().last();
  for (const auto& binding : adaptation.bindings) {
    for (const auto& path : binding.sites) {
      if (path == "head") continue;
      const nn::Site& site = locate(model, nullptr, path).joint->site();
      if (site.tower == model.reader().name()) earliest = std::min(earliest, site.place);
    }
  }
  for (const auto& name : adaptation.trained)
    earliest = std::min(earliest, model.place_of(name));
  for (const auto& path : adaptation.by_batch)
    earliest = std::min(earliest, model.place_of(path));
  return earliest;
}

bool text_changes(const Adaptation& adaptation, models::Model& model) {
  const auto in_text = [&](const std::string& path) {
    return path != "head" && locate(model, nullptr, path).joint->site().tower == nn::Tower::text;
  };
  return std::any_of(adaptation.bindings.begin(), adaptation.bindings.end(),
                     [&](const Binding& b) { return std::any_of(b.sites.begin(), b.sites.end(), in_text); }) ||
         std::any_of(adaptation.trained.begin(), adaptation.trained.end(),
                     [&](const std::string& name) { return model.tower_of(name) == nn::Tower::text; });
}

}  // namespace graft::methods
