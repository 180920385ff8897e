#include "graft/nn/recompute.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>
#include <torch/types.h>

#include <algorithm>
#include <optional>

namespace graft::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

bool trains(const at::Tensor& tensor) {
  return tensor.defined() && tensor.requires_grad();
}

// Those of the block and of what sits at its joints, each once.
variable_list training_parameters(Rerunnable& block) {
  variable_list found;
  const auto add = [&](const torch::nn::Module& module) {
    for (const auto& parameter : module.parameters()) {
      const auto same = [&](const at::Tensor& other) { return other.is_same(parameter); };
      if (parameter.requires_grad() && std::none_of(found.begin(), found.end(), same)) found.push_back(parameter);
    }
  };
  add(block);
  for (const auto* joint : block.joints()) {
    for (const auto& occupant : joint->occupants())
      add(*occupant.insert);
  }
  return found;
}

// What a second forward needs beside the stream.
struct Rerun final : torch::CustomClassHolder {
  std::shared_ptr<Rerunnable> block;
  variable_list parameters;
  std::optional<at::ScalarType> change;  // the type of the stream's pending change, if there is one
  at::Tensor drawn;                      // the generator's state before the first forward
  Context context;

  Rerun(std::shared_ptr<Rerunnable> b, const Stream& stream, const Context& given)
      : block(std::move(b)), parameters(training_parameters(*block)), context(given) {
    if (stream.change().defined()) change = stream.change().scalar_type();
    if (context.training && context.generator) drawn = context.generator->get_state();
  }
  size_t inputs() const { return change ? 2 : 1; }  // before the parameters
};

// The generator as it was before the first forward, and afterwards where it had got to.
class SameDraws {
 public:
  explicit SameDraws(Rerun& rerun) : rerun_(rerun) {
    if (!rerun_.drawn.defined()) return;
    now_ = rerun_.context.generator->get_state();
    rerun_.context.generator->set_state(rerun_.drawn);
  }
  ~SameDraws() {
    if (now_.defined()) rerun_.context.generator->set_state(now_);
  }
  SameDraws(const SameDraws&) = delete;
  SameDraws& operator=(const SameDraws&) = delete;

 private:
  Rerun& rerun_;
  at::Tensor now_;
};

// The stream behind the block, as a graph over leaves of its own. Also in the forward: with and without a graph a norm
// that trains takes other kernels.
Stream run_on_leaves(const Rerun& rerun, const variable_list& leaves, const Context& context) {
  Stream stream(leaves[0], rerun.change ? leaves[1] : at::Tensor());
  rerun.block->forward(stream, context);
  return stream;
}

struct RerunBlock : torch::autograd::Function<RerunBlock> {
  // inputs: the stream, its change if there is one, the parameters. -> the stream behind the block and, of a pre-norm
  // block, its change
  static variable_list forward(AutogradContext* ctx, at::TensorList inputs, const c10::intrusive_ptr<Rerun>& rerun) {
    ctx->save_for_backward({rerun->change ? inputs[0] + inputs[1].to(inputs[0].scalar_type()) : inputs[0]});
    ctx->saved_data["rerun"] = c10::IValue::make_capsule(rerun);
    ctx->set_materialize_grads(false);
    const torch::AutoGradMode with_graph(true);
    variable_list leaves;
    for (const auto& input : inputs.slice(0, rerun->inputs()))
      leaves.push_back(input.detach().requires_grad_(input.requires_grad()));
    const auto stream = run_on_leaves(*rerun, leaves, rerun->context);
    variable_list outputs{stream.x().detach()};
    if (stream.change().defined()) outputs.push_back(stream.change().detach());
    if (!trains(stream.x())) ctx->mark_non_differentiable({outputs[0]});
    return outputs;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto rerun = c10::static_intrusive_pointer_cast<Rerun>(ctx->saved_data["rerun"].toCapsule());
    const auto value = ctx->get_saved_variables()[0];
    const torch::AutoGradMode with_graph(true);
    // The sum was kept in place of its parts: x + -0 is x to the bit, so the fused add and norm see what they saw.
    variable_list leaves{value.detach().requires_grad_(ctx->needs_input_grad(0))};
    if (rerun->change) {
      const auto nothing = at::full(value.sizes(), -0.0, value.options().dtype(*rerun->change).requires_grad(false));
      leaves.push_back(nothing.requires_grad_(ctx->needs_input_grad(1)));
    }
    variable_list roots, root_gradients;
    {
      const SameDraws draws(*rerun);
      Context context = rerun->context;
      context.gathers = false;
      const auto stream = run_on_leaves(*rerun, leaves, context);
      for (const auto& [root, gradient] :
           {std::pair(stream.x(), gradients.front()), std::pair(stream.change(), gradients.back())}) {
        if (!trains(root) || !gradient.defined()) continue;
        roots.push_back(root);
        root_gradients.push_back(gradient);
      }
    }
    leaves.insert(leaves.end(), rerun->parameters.begin(), rerun->parameters.end());
    variable_list wanted;
    std::copy_if(leaves.begin(), leaves.end(), std::back_inserter(wanted), trains);
    const auto found = torch::autograd::grad(roots, wanted, root_gradients, /*retain_graph=*/std::nullopt,
                                             /*create_graph=*/false, /*allow_unused=*/true);
    variable_list result;
    auto next = found.begin();
    for (const auto& leaf : leaves)
      result.push_back(trains(leaf) ? *next++ : at::Tensor());
    result.emplace_back();  // the rerun itself
    return result;
  }
};

}  // namespace

void forward_to_rerun(const std::shared_ptr<Rerunnable>& block, Stream& stream, const Context& context) {
  const auto rerun = c10::make_intrusive<Rerun>(block, stream, context);
  const bool keeps = trains(stream.x()) || trains(stream.change()) || !rerun->parameters.empty();
  if (!at::GradMode::is_enabled() || !keeps) return block->forward(stream, context);
  variable_list inputs{stream.x()};
  if (rerun->change) inputs.push_back(stream.change());
  inputs.insert(inputs.end(), rerun->parameters.begin(), rerun->parameters.end());
  const auto outputs = RerunBlock::apply(at::TensorList(inputs), rerun);
  stream = Stream(outputs[0], outputs.size() > 1 ? outputs[1] : at::Tensor());
}

}  // namespace graft::nn
