#include "graft/engine/restore_model.h"

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
  for (const auto& [name, value] : methods::model_statistics(adaptation, model_))
    saved_.emplace_back(value, value.clone());
}

}  // namespace graft::engine
