#include "graft/engine/restore_model.h"

#include "graft/tensor/resting.h"

namespace graft::engine {

RestoreModel::~RestoreModel() {
  const torch::NoGradGuard no_grad;
  model_.clear_inserts();
  for (auto& [parameter, value] : saved_)
    parameter.copy_(value);
  model_.freeze_all_but({});
}

void RestoreModel::save(const std::vector<std::string>& trained) {
  const auto parameters = model_.named_parameters();
  for (const auto& name : trained)
    saved_.emplace_back(parameters[name], tensor::numbers_of(parameters[name].detach()).clone());
}

}  // namespace graft::engine
