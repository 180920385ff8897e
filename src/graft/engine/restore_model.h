// A model as it was loaded, again at the end of a scope, whatever happens in between.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "graft/methods/adaptation.h"
#include "graft/models/model.h"

namespace graft::engine {

class RestoreModel {
 public:
  explicit RestoreModel(models::Model& model) : model_(model) {}
  ~RestoreModel();  // no inserts, nothing that trains, what was saved copied back
  RestoreModel(const RestoreModel&) = delete;
  RestoreModel& operator=(const RestoreModel&) = delete;

  // Keeps copies of what of the model is about to change: parameters, and statistics of batch norms.
  void save(const methods::Adaptation& adaptation);

 private:
  models::Model& model_;
  std::vector<std::pair<at::Tensor, at::Tensor>> saved_;  // a tensor, its value
};

}  // namespace graft::engine
