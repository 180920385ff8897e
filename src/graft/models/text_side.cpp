#include "graft/models/text_side.h"

#include <algorithm>

#include "graft/core/random.h"

namespace graft::models {

std::vector<at::Tensor> text_parameters(Model& model) {
  std::vector<at::Tensor> all;
  for (const auto& parameter : model.named_parameters()) {
    if (model.tower_of(parameter.key()) == nn::Tower::text && parameter.key() != "logit_scale") {
      all.push_back(parameter.value());
    }
  }
  for (auto* joint : model.joints()) {
    if (joint->site().tower != nn::Tower::text) continue;
    for (const auto& occupant : joint->occupants()) {
      for (const auto& parameter : occupant.insert->parameters())
        all.push_back(parameter);
    }
  }
  return all;
}

uint64_t stamp_of(const std::vector<at::Tensor>& parameters) {
  uint64_t stamp = 1;  // order-dependent mix of who the parameters are and how often each was written
  for (const auto& parameter : parameters) {
    const auto* self = parameter.unsafeGetTensorImpl();
    stamp = key_of(
        fmt::format("{} {} {}", stamp, static_cast<const void*>(self), self->version_counter().current_version()));
  }
  return stamp;
}

bool any_trains(const std::vector<at::Tensor>& parameters) {
  return std::any_of(parameters.begin(), parameters.end(), [](const at::Tensor& p) { return p.requires_grad(); });
}

}  // namespace graft::models
