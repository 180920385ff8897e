#include "graft/models/in_parts.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>
#include <torch/types.h>

#include <algorithm>

namespace graft::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Parts final : torch::CustomClassHolder {
  int64_t rows = 0, at_once = 1;
  Part part;
  variable_list parameters;
  std::optional<at::Generator> generator;
  at::Tensor drawn;  // the generator's state before the first part

  int64_t count(int64_t begin) const { return std::min(at_once, rows - begin); }
};

at::Tensor all_parts(const Parts& parts) {
  std::vector<at::Tensor> results;
  for (int64_t begin = 0; begin < parts.rows; begin += parts.at_once)
    results.push_back(parts.part(begin, parts.count(begin)));
  return at::cat(results);
}

struct RunParts : torch::autograd::Function<RunParts> {
  static at::Tensor forward(AutogradContext* ctx, at::TensorList, const c10::intrusive_ptr<Parts>& parts) {
    ctx->saved_data["parts"] = c10::IValue::make_capsule(parts);
    return all_parts(*parts);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto parts = c10::static_intrusive_pointer_cast<Parts>(ctx->saved_data["parts"].toCapsule());
    at::Tensor now;
    if (parts->generator) {
      now = parts->generator->get_state();
      parts->generator->set_state(parts->drawn);
    }
    const torch::AutoGradMode with_graph(true);
    variable_list sums(parts->parameters.size());
    for (int64_t begin = 0; begin < parts->rows; begin += parts->at_once) {
      const auto count = parts->count(begin);
      const auto found =
          torch::autograd::grad({parts->part(begin, count)}, parts->parameters, {gradients[0].narrow(0, begin, count)},
                                /*retain_graph=*/std::nullopt, /*create_graph=*/false, /*allow_unused=*/true);
      for (size_t i = 0; i < found.size(); ++i) {
        if (found[i].defined()) sums[i] = sums[i].defined() ? sums[i].add_(found[i]) : found[i].clone();
      }
    }
    if (now.defined()) parts->generator->set_state(now);
    sums.emplace_back();  // the parts themselves
    return sums;
  }
};

}  // namespace

at::Tensor in_parts(int64_t rows, int64_t at_once, const Part& part, const std::vector<at::Tensor>& parameters,
                    const std::optional<at::Generator>& generator) {
  auto parts = c10::make_intrusive<Parts>();
  parts->rows = rows;
  parts->at_once = at_once;
  parts->part = part;
  for (const auto& parameter : parameters) {
    if (parameter.requires_grad()) parts->parameters.push_back(parameter);
  }
  if (!at::GradMode::is_enabled() || parts->parameters.empty()) return all_parts(*parts);
  if (generator && generator->defined()) {
    parts->generator = generator;
    parts->drawn = generator->get_state();
  }
  return RunParts::apply(at::TensorList(parts->parameters), parts);
}

}  // namespace graft::models
