#include "graft/nn/joint.h"

#include <ATen/ATen.h>

#include "graft/core/error.h"

namespace graft::nn {
namespace {

const Frozen kIdentity([](const at::Tensor& u) { return u; });

// Which rows are present, [B, T'], where a layout has become another by prompts put in: those are, and the others as
// they were.
at::Tensor present_in(const Layout& after, const at::Tensor& present, const Layout& before) {
  if (!present.defined() || after.total() == before.total()) return present;
  std::vector<at::Tensor> others, all;
  int64_t row = 0;
  for (const auto& segment : before.segments) {
    if (segment.kind != TokenKind::prompt) others.push_back(present.narrow(1, row, segment.count));
    row += segment.count;
  }
  const auto rest = at::cat(others, 1);
  row = 0;
  for (const auto& segment : after.segments) {
    if (segment.kind == TokenKind::prompt) {
      all.push_back(at::ones({present.size(0), segment.count}, present.options()));
    } else {
      all.push_back(rest.narrow(1, row, segment.count));
      row += segment.count;
    }
  }
  return at::cat(all, 1);
}

}  // namespace

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
  at::Tensor tokens = x;
  for (const auto& occupant : occupants_) {
    tokens = occupant.insert->forward(tokens, kIdentity, context);
    const auto after = occupant.insert->layout(context.layout);
    context.present = present_in(after, context.present, context.layout);
    context.layout = after;
  }
  return tokens;
}

at::Tensor Joint::run_key_values(const at::Tensor& like, const Context& context) const {
  if (empty()) return {};
  const auto type = like.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  auto rows =
      at::empty({2, 1, site_.heads, 0, site_.in / site_.heads}, like.options().dtype(type).requires_grad(false));
  for (const auto& occupant : occupants_)
    rows = occupant.insert->forward(rows, kIdentity, context);
  return rows;
}

Layout Joint::layout(Layout before) const {
  for (const auto& occupant : occupants_)
    before = occupant.insert->layout(before);
  return before;
}

}  // namespace graft::nn
