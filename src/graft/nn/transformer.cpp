#include "graft/nn/transformer.h"

#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/nn/recompute.h"

namespace graft::nn {
namespace {

Context of_rows(const Value& tokens, const Context& context) {
  auto inner = context;
  inner.layout = tokens.layout;
  inner.present = tokens.present;
  return inner;
}

}  // namespace

Transformer::Transformer(std::vector<std::shared_ptr<Block>> blocks, std::vector<Site> tokens)
    : blocks_(std::move(blocks)) {
  GRAFT_ASSERT(tokens.empty() || tokens.size() == blocks_.size());
  for (size_t k = 0; k < blocks_.size(); ++k)
    register_module(std::to_string(k), blocks_[k]);
  for (auto& site : tokens)
    tokens_.emplace_back(std::move(site));
}

std::vector<Joint*> Transformer::joints() {
  std::vector<Joint*> all;
  for (size_t k = 0; k < blocks_.size(); ++k) {
    if (!tokens_.empty()) all.push_back(&tokens_[k]);
    for (auto* joint : blocks_[k]->joints())
      all.push_back(joint);
  }
  return all;
}

void Transformer::put_tokens(Stream& stream, int64_t block, Context& context) const {
  if (tokens_.empty() || tokens_[block].empty()) return;
  stream = Stream(tokens_[block].run_tokens(stream.value(), context));
}

// What the last block keeps is used up first in the backward: to make it again would save nothing.
void Transformer::run_block(Stream& stream, int64_t block, int64_t end, const Context& context) const {
  if (context.recompute && block + 1 < end) {
    forward_to_rerun(blocks_[block], stream, context);
  } else {
    blocks_[block]->forward(stream, context);
  }
}

Value Transformer::forward(Value tokens, int64_t begin, int64_t end, const Context& context) const {
  auto inner = of_rows(tokens, context);
  Stream stream(tokens.x);
  for (int64_t k = begin; k < end; ++k) {
    put_tokens(stream, k, inner);
    run_block(stream, k, end, inner);
  }
  return {stream.value(), std::move(inner.layout), std::move(inner.present)};
}

at::Tensor Transformer::forward_rows(Value tokens, int64_t begin, const std::function<at::Tensor(const Layout&)>& rows,
                                     const Context& context) const {
  if (begin == size()) return take_rows(tokens.x, rows(tokens.layout));
  auto inner = of_rows(tokens, context);
  Stream stream(tokens.x);
  for (int64_t k = begin; k < size(); ++k) {
    put_tokens(stream, k, inner);
    if (k + 1 < size()) run_block(stream, k, size(), inner);
  }
  return blocks_.back()->forward_rows(stream, rows(inner.layout), inner);
}

}  // namespace graft::nn
