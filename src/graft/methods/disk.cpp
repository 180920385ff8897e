#include "graft/methods/disk.h"

#include <torch/types.h>

#include <fmt/ranges.h>

#include <vector>

#include "graft/core/error.h"

namespace graft::methods {

void copy_by_name(const std::string& method, const models::Model& model, const Tensors& tensors,
                  const Tensors& wanted) {
  std::vector<std::string> wrong;
  for (const auto& [name, target] : wanted) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      wrong.push_back(fmt::format("  {}: missing", name));
    } else if (found->second.sizes() != target.sizes()) {
      wrong.push_back(fmt::format("  {}: shape [{}], here it is [{}]", name, fmt::join(found->second.sizes(), ", "),
                                  fmt::join(target.sizes(), ", ")));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (!wanted.contains(name)) wrong.push_back(fmt::format("  {}: no such place", name));
  }
  if (!wrong.empty()) {
    throw ModelError(method, "the adapter does not fit {}, {} of {} tensors:\n{}", model.info().source, wrong.size(),
                     std::max(wanted.size(), tensors.size()), fmt::join(wrong, "\n"));
  }
  const torch::NoGradGuard no_grad;
  for (const auto& [name, target] : wanted)
    at::Tensor(target).copy_(tensors.at(name));
}

}  // namespace graft::methods
