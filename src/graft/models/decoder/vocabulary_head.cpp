#include "graft/models/decoder/vocabulary_head.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>
#include <torch/types.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "graft/core/error.h"
#include "graft/tensor/resting.h"
#include "graft/tensor/shapes.h"

namespace graft::models::decoder {
namespace {

// Logits: 128 MiB. A weight that stays quantised is made numbers of once for so many, and once more for their gradient.
constexpr int64_t kNumbersAtOnce = int64_t{1} << 25;

int64_t rows_at_once(const VocabularyHead& head) {
  return std::max<int64_t>(kNumbersAtOnce / head.vocabulary(), 1);
}

void check(const VocabularyHead& head, const at::Tensor& rows, const at::Tensor& targets) {
  if (rows.dim() != 2 || targets.dim() != 1 || rows.size(0) != targets.size(0) ||
      rows.size(1) != head.weight().size(1)) {
    throw ShapeError("decoder", "expected rows [N, {}] and a target for each, got {} and {}.", head.weight().size(1),
                     tensor::shape_of(rows), tensor::shape_of(targets));
  }
  if (targets.numel() == 0) return;
  if (const auto highest = targets.max().item<int64_t>(); highest >= head.vocabulary())
    throw DataError("text", "the token id {} lies outside the model's 0 to {}.", highest, head.vocabulary() - 1);
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct HeadOfCall final : torch::CustomClassHolder {
  explicit HeadOfCall(const VocabularyHead& of) : head(of) {}
  const VocabularyHead& head;
};

// Logits [N, V] become the probabilities that they stand for, in place; their log-sum-exp [N, 1]. A row after the
// other, as it lies in the cache.
at::Tensor to_shares(const at::Tensor& logits) {
  auto total = at::empty({logits.size(0), 1}, logits.options());
  at::parallel_for(0, logits.size(0), 1, [&](int64_t begin, int64_t end) {
    const torch::NoGradGuard no_grad;  // of this thread
    for (int64_t i = begin; i < end; ++i) {
      const auto row = logits[i], largest = row.max();
      const auto sum = row.sub_(largest).exp_().sum();
      row.div_(sum);
      total[i].fill_(largest + sum.log());
    }
  });
  return total;
}

// The gradient is made beside the loss, while a part's logits are there: loss and gradient are both linear in what
// comes from behind.
struct NextTokenLoss : torch::autograd::Function<NextTokenLoss> {
  // inputs: rows, and the weight where it trains
  static at::Tensor forward(AutogradContext* ctx, at::TensorList inputs, const at::Tensor& targets,
                            const c10::intrusive_ptr<HeadOfCall>& call, bool wanted) {
    const auto& head = call->head;
    const auto& rows = inputs[0];
    auto sum = at::zeros({}, rows.options().dtype(rows.scalar_type() == at::kDouble ? at::kDouble : at::kFloat));
    const auto d_rows = wanted ? at::empty_like(rows) : at::Tensor();
    at::Tensor d_weight;
    for (int64_t begin = 0; begin < rows.size(0); begin += rows_at_once(head)) {
      const auto count = std::min(rows_at_once(head), rows.size(0) - begin);
      const auto target = targets.narrow(0, begin, count).unsqueeze(1);
      variable_list leaves{rows.narrow(0, begin, count).detach().requires_grad_(wanted)};
      if (inputs.size() > 1) leaves.push_back(inputs[1]);
      at::Tensor logits;
      {
        const torch::AutoGradMode with_graph(wanted);
        logits = head.logits(leaves[0]);
      }
      const auto numbers = logits.variable_data();  // nobody needs the logits themselves again
      const auto of_target = numbers.gather(1, target);
      sum += (to_shares(numbers) - of_target).sum();
      if (!wanted) continue;
      numbers.scatter_add_(1, target, at::full_like(target, -1, numbers.options()));
      const auto found = torch::autograd::grad({logits}, leaves, {numbers});
      d_rows.narrow(0, begin, count).copy_(found[0]);
      if (found.size() > 1) d_weight = d_weight.defined() ? d_weight.add_(found[1]) : found[1];
    }
    ctx->save_for_backward({d_rows, d_weight});
    ctx->saved_data["inputs"] = static_cast<int64_t>(inputs.size());
    return sum;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto saved = ctx->get_saved_variables();
    variable_list result;
    for (int64_t i = 0; i < ctx->saved_data["inputs"].toInt(); ++i) {
      const auto& found = saved[static_cast<size_t>(i)];
      result.push_back(found.defined() ? found * gradients[0] : found);
    }
    result.resize(result.size() + 3);  // the arguments that get none
    return result;
  }
};

}  // namespace

VocabularyHead::VocabularyHead(at::Tensor weight, bool own, double cap, tensor::Precision precision)
    : weight_(std::move(weight)), cap_(cap), precision_(precision) {
  if (own) register_parameter("weight", weight_, /*requires_grad=*/false);
}

std::shared_ptr<const tensor::FrozenLinear> VocabularyHead::packed() const {
  const std::lock_guard lock(packing_);
  const auto version = weight_.unsafeGetTensorImpl()->version_counter().current_version();
  if (!packed_ || version_ != version) {
    const torch::NoGradGuard no_grad;
    packed_ = std::make_shared<tensor::FrozenLinear>(weight_, std::nullopt, precision_);
    version_ = version;
  }
  return packed_;
}

at::Tensor VocabularyHead::logits(const at::Tensor& rows) const {
  const bool plain = weight_.requires_grad() || rows.scalar_type() == at::kDouble;
  const auto products =
      plain ? at::linear(rows, tensor::numbers_of(weight_).to(rows.scalar_type())) : packed()->forward(rows);
  return cap_ == 0 ? products : at::tanh(products / cap_) * cap_;
}

at::Tensor next_token_loss(const VocabularyHead& head, const at::Tensor& rows, const at::Tensor& targets) {
  check(head, rows, targets);
  const auto counted = targets.ge(0).nonzero().squeeze(1);
  const auto of = rows.index_select(0, counted), next = targets.index_select(0, counted);
  variable_list inputs{of};
  if (head.weight().requires_grad()) inputs.push_back(head.weight());
  const bool wanted = at::GradMode::is_enabled() &&
                      std::any_of(inputs.begin(), inputs.end(), [](const auto& t) { return t.requires_grad(); });
  return NextTokenLoss::apply(at::TensorList(inputs), next, c10::make_intrusive<HeadOfCall>(head), wanted);
}

TokenScores token_scores(const VocabularyHead& head, const at::Tensor& rows, const at::Tensor& targets) {
  check(head, rows, targets);
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> likelihoods{at::empty({0}, rows.options().dtype(at::kFloat))},
      best{at::empty_like(targets.narrow(0, 0, 0))};
  for (int64_t begin = 0; begin < rows.size(0); begin += rows_at_once(head)) {
    const auto count = std::min(rows_at_once(head), rows.size(0) - begin);
    const auto target = targets.narrow(0, begin, count);
    const auto logits = head.logits(rows.narrow(0, begin, count));
    const auto said = logits.gather(1, target.clamp_min(0).unsqueeze(1)).squeeze(1) - logits.logsumexp(1);
    likelihoods.push_back(said.masked_fill(target.lt(0), 0).to(at::kFloat));
    best.push_back(logits.argmax(1));
  }
  return {at::cat(likelihoods), at::cat(best)};
}

}  // namespace graft::models::decoder
