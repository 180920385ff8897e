#include "graft/methods/disk.h"

#include <torch/types.h>

#include <fmt/ranges.h>

#include <vector>

#include "graft/core/error.h"

namespace graft::methods {
namespace {

constexpr size_t kMostWrong = 20;  // named; the rest is counted

}  // namespace

void copy_by_name(const std::string& method, const models::Model& model, const nn::NamedTensors& tensors,
                  const nn::NamedTensors& wanted) {
  std::vector<std::string> wrong;
  auto total = tensors.size();  // and what is missing
  for (const auto& [name, tensor] : tensors) {
    if (!wanted.contains(name)) wrong.push_back(fmt::format("  {}: no such place", name));
  }
  for (const auto& [name, target] : wanted) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      ++total;
      wrong.push_back(fmt::format("  {}: missing", name));
    } else if (found->second.sizes() != target.sizes()) {
      wrong.push_back(fmt::format("  {}: shape [{}], here it is [{}]", name, fmt::join(found->second.sizes(), ", "),
                                  fmt::join(target.sizes(), ", ")));
    }
  }
  if (!wrong.empty()) {
    const auto count = wrong.size();
    if (count > kMostWrong) {
      wrong.resize(kMostWrong);
      wrong.push_back(fmt::format("  and {} more", count - kMostWrong));
    }
    throw ModelError(method, "the adapter does not fit {}, {} of {} tensors:\n{}", model.info().source, count, total,
                     fmt::join(wrong, "\n"));
  }
  const torch::NoGradGuard no_grad;
  for (const auto& [name, target] : wanted)
    at::Tensor(target).copy_(tensors.at(name));
}

}  // namespace graft::methods
