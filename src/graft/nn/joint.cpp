#include "graft/nn/joint.h"

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
  // Recursion from the outermost: each occupant's frozen computation is all that lies inside it.
  const std::function<at::Tensor(const at::Tensor&, size_t)> from = [&](const at::Tensor& u, size_t depth) {
    if (depth == 0) return frozen(u);
    const auto& insert = occupants_[depth - 1].insert;
    if (depth == 1) return insert->forward(u, frozen, context);
    const Frozen inner([&from, depth](const at::Tensor& v) { return from(v, depth - 1); });
    return insert->forward(u, inner, context);
  };
  return from(x, occupants_.size());
}

at::Tensor Joint::run_tokens(const at::Tensor& x, Context& context) const {
  static const Frozen identity([](const at::Tensor& u) { return u; });
  at::Tensor tokens = x;
  for (const auto& occupant : occupants_) {
    tokens = occupant.insert->forward(tokens, identity, context);
    context.layout = occupant.insert->layout(context.layout);
  }
  return tokens;
}

}  // namespace graft::nn
