#include "graft/engine/restore_model.h"

#include <algorithm>

#include "graft/tensor/resting.h"

namespace graft::engine {

RestoreModel::~RestoreModel() {
  const torch::NoGradGuard no_grad;
  model_.clear_inserts();
  for (auto& [tensor, value] : saved_)
    tensor.copy_(value);
  model_.freeze_all_but({});
  model_.go_by_batch({});
}

void RestoreModel::save(const methods::Adaptation& adaptation) {
  const auto parameters = model_.named_parameters();
  for (const auto& name : adaptation.trained)
    saved_.emplace_back(parameters[name], tensor::numbers_of(parameters[name].detach()).clone());
  for (const auto& [path, norm] : model_.batch_norms()) {
    if (std::find(adaptation.by_batch.begin(), adaptation.by_batch.end(), path) == adaptation.by_batch.end()) continue;
    for (const auto& [name, value] : norm->statistics())
      saved_.emplace_back(value, value.clone());
  }
}

}  // namespace graft::engine
