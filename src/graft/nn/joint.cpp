#include "graft/nn/joint.h"

#include <ATen/ATen.h>

#include "graft/core/error.h"

namespace graft::nn {

void Joint::put(std::shared_ptr<Insert> insert, const Slice* slice) {
  Occupant occupant{std::move(insert), 0, 0};
  if (slice) {
    occupant.begin = slice->begin;
    occupant.end = slice->end;
  }
  occupants_.push_back(std::move(occupant));
}

at::Tensor Joint::run(const at::Tensor& x, const Frozen& frozen, const Context& context) const {
  return run_inner(x, frozen, context, occupants_.size());
}

// Recursion from the outermost: each occupant's frozen computation is all that lies inside it.
at::Tensor Joint::run_inner(const at::Tensor& x, const Frozen& frozen, const Context& context, size_t depth) const {
  if (depth == 0) return frozen(x);
  const auto& occupant = occupants_[depth - 1];
  if (occupant.whole()) {
    if (depth == 1) return occupant.insert->forward(x, frozen, context);
    const Frozen inner([&](const at::Tensor& u) { return run_inner(u, frozen, context, depth - 1); });
    return occupant.insert->forward(x, inner, context);
  }
  const auto all = run_inner(x, frozen, context, depth - 1);
  const auto rows = [&](const at::Tensor& y) { return y.narrow(-1, occupant.begin, occupant.end - occupant.begin); };
  const Frozen slice(
      [&](const at::Tensor& u) { return rows(u.is_same(x) ? all : run_inner(u, frozen, context, depth - 1)); });
  return at::cat({all.narrow(-1, 0, occupant.begin), occupant.insert->forward(x, slice, context),
                  all.narrow(-1, occupant.end, all.size(-1) - occupant.end)},
                 -1);
}

at::Tensor Joint::run_tokens(const at::Tensor& x, Context& context) const {
  static const Frozen identity([](const at::Tensor& u) { return u; });
  at::Tensor tokens = x;
  GRAFT_ASSERT(empty() || !context.present.defined());  // which of the rows that come are padding, nobody says
  for (const auto& occupant : occupants_) {
    tokens = occupant.insert->forward(tokens, identity, context);
    context.layout = occupant.insert->layout(context.layout);
  }
  return tokens;
}

}  // namespace graft::nn
