// Blocks one after another, with a place for tokens before each.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <vector>

#include "graft/nn/block.h"
#include "graft/nn/value.h"

namespace graft::nn {

class Transformer : public torch::nn::Module {
 public:
  // tokens: one site a block, before it; empty where tokens cannot be put in (text). Parameters: 0.*, 1.*, ...
  Transformer(std::vector<std::shared_ptr<Block>> blocks, std::vector<Site> tokens);

  // Runs blocks [begin, end) on tokens [B, T, D]; tokens put in on the way change T and the layout.
  Value forward(Value tokens, int64_t begin, int64_t end, const Context& context) const;
  // Runs blocks [begin, size()) for one row a sequence of the result: [B, 1, D]. `rows` is asked for, [B] int64, when
  // the layout at the last block is known.
  at::Tensor forward_rows(Value tokens, int64_t begin, const std::function<at::Tensor(const Layout&)>& rows,
                          const Context& context) const;

  int64_t size() const { return static_cast<int64_t>(blocks_.size()); }
  std::vector<Joint*> joints();  // of each block its tokens, then its own

 private:
  void put_tokens(Stream& stream, int64_t block, Context& context) const;
  void run_block(Stream& stream, int64_t block, int64_t end, const Context& context) const;

  std::vector<std::shared_ptr<Block>> blocks_;
  std::vector<Joint> tokens_;
};

}  // namespace graft::nn
