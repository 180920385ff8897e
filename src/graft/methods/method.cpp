#include "graft/methods/method.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>

#include <cctype>

#include "graft/methods/disk.h"
#include "graft/methods/places.h"

namespace graft::methods {
namespace {

// Every tensor of an adaptation under the name that the default file gives it. Handles: copying into them changes it.
nn::NamedTensors named_tensors(models::Model& model, const Adaptation& adaptation) {
  nn::NamedTensors tensors;
  for (const auto& binding : adaptation.bindings) {
    const std::string prefix =
        fmt::format("base_model.model.{}.{}.", checkpoint_path(model, binding.sites.front()), binding.method);
    for (const auto& parameter : binding.insert->named_parameters()) {
      tensors[prefix + parameter.key()] = parameter.value();
    }
    for (const auto& buffer : binding.insert->named_buffers())
      tensors[prefix + buffer.key()] = buffer.value();
  }
  const auto parameters = model.named_parameters();
  for (const auto& name : adaptation.trained)
    tensors["base_model.model." + name] = parameters[name];
  for (const auto& [name, value] : model_statistics(adaptation, model))
    tensors["base_model.model." + name] = value;
  return tensors;
}

}  // namespace

nlohmann::json Method::peft_config(models::Model&, const Adaptation&) const {
  std::string type = "GRAFT_" + name();
  for (char& letter : type) {
    letter = std::isalnum(static_cast<unsigned char>(letter))
                 ? static_cast<char>(std::toupper(static_cast<unsigned char>(letter)))
                 : '_';
  }
  return {{"peft_type", type}};
}

nn::NamedTensors Method::to_disk(models::Model& model, const Adaptation& adaptation) const {
  nn::NamedTensors tensors = named_tensors(model, adaptation);
  for (auto& [name, tensor] : tensors)
    tensor = tensor.detach().contiguous();
  return tensors;
}

void Method::from_disk(models::Model& model, const nn::NamedTensors& tensors, Adaptation& adaptation) const {
  copy_by_name(name(), model, tensors, named_tensors(model, adaptation));
}

}  // namespace graft::methods
