// A model as it was loaded, again at the end of a scope, whatever happens in between.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "graft/models/model.h"

namespace graft::engine {

class RestoreModel {
 public:
  explicit RestoreModel(models::Model& model) : model_(model) {}
  ~RestoreModel();  // no inserts, nothing that trains, what was saved copied back
  RestoreModel(const RestoreModel&) = delete;
  RestoreModel& operator=(const RestoreModel&) = delete;

  // Keeps copies of parameters that are about to train.
  void save(const std::vector<std::string>& trained);

 private:
  models::Model& model_;
  std::vector<std::pair<at::Tensor, at::Tensor>> saved_;  // parameter, its value
};

}  // namespace graft::engine
