// Small networks that are put into a ResNet or a ViT and train there, whatever the method trains beside them. Each
// starts as if it were not there, bit for bit, unless its options say otherwise. A block is named on the command line
// with its options: "nonlocal", "se:ratio=8"; several with commas between.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/options.h"
#include "graft/core/random.h"
#include "graft/nn/insert.h"

namespace graft::plugins {

class Block {
 public:
  virtual ~Block() = default;
  virtual std::string at() const = 0;  // the residual blocks that the user named; empty: none were
  // Whole residual blocks of maps; else within their paths, before the add. Of a ViT it is the path of a block's MLP.
  virtual bool stands_behind() const = 0;
  // Where its paper puts it, by index, among residual blocks of these widths in their order.
  virtual std::vector<size_t> usual_places(const std::vector<int64_t>& widths) const = 0;
  // For maps [B, width, H, W], or tokens [B, T, width] where the entry has no reason against them.
  virtual std::shared_ptr<nn::Insert> make(int64_t width, Random& random) const = 0;
};

// What to say of the option that all blocks have.
inline constexpr const char* kAtHelp =
    "residual blocks that get one, as blocks.3 or by the checkpoint's name, layer2.1; patterns as blocks.*, several "
    "with commas between";

inline constexpr const char* kRatioHelp = "how many times narrower it is between its two maps, 4 channels or more";

std::vector<size_t> every(const std::vector<int64_t>& widths);  // block, by index

// Between the two maps of a bottleneck: a `ratio`-th of the width, but 4 or more, so that a norm over them has
// something to norm. ConfigError by the name of the block for a ratio below 1.
int64_t reduced_width(const char* block, int64_t width, int64_t ratio);

// The first map [out, in] of a bottleneck with a ReLU: PyTorch's default, each other row the negative of the one
// before, so that of two one is above zero whatever is read. What is drawn freely may have none that is, and never
// trains.
at::Tensor rows_in_pairs(int64_t out, int64_t in, Random& random);

// A block with a bottleneck that stands within residual paths, in each unless told otherwise. Net: the insert, made of
// the options, a width and a Random; Options have `at` and `ratio`, and `name` is the block's.
template <class Options, class Net>
class BlockInPaths final : public Block {
 public:
  BlockInPaths(const char* name, Options options) : options_(std::move(options)) {
    reduced_width(name, 1, options_.ratio);
  }

  std::string at() const override { return options_.at; }
  bool stands_behind() const override { return false; }
  std::vector<size_t> usual_places(const std::vector<int64_t>& widths) const override { return every(widths); }
  std::shared_ptr<nn::Insert> make(int64_t width, Random& random) const override {
    return std::make_shared<Net>(options_, width, random);
  }

 private:
  Options options_;
};

struct BlockEntry {
  const char* name;
  const char* summary;
  const char* paper;
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Block> (*parse)(const OptionValues& values);
  const char* not_on_tokens = nullptr;  // why it has nothing to do in a ViT, a sentence; null: it stands there too
};

const std::vector<const BlockEntry*>& blocks();  // in the order of blocks.def

}  // namespace graft::plugins
