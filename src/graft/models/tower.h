// One network from its input to its features. Its places are numbered in order of computation and have names; a value
// goes from one place to a later one. Several threads may run one tower at once, each with a Context of its own, as
// long as nobody trains it, writes to it or puts inserts in it meanwhile; what its maps pack, the first to need it
// packs.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/data/transforms.h"
#include "graft/nn/joint.h"
#include "graft/nn/site.h"
#include "graft/nn/value.h"

namespace graft::text {
class ClipTokenizer;
class Tokenizer;
}  // namespace graft::text

namespace graft::models {

// How prompts become ids.
struct TextReader {
  const text::ClipTokenizer& tokenizer;
  int64_t context_length = 0;
  bool truncate = false;  // what is too long is cut, instead of a DataError
};

class Tower : public torch::nn::Module {
 public:
  virtual nn::Tower name() const = 0;
  int64_t blocks() const { return blocks_; }

  // 0 what is read (pixels, ids), 1 tokens (the input of block 0), 1 + k the output of block k - 1, then pooled, then
  // projected where the tower has a projection.
  nn::Place pooled() const { return 2 + blocks_; }
  nn::Place last() const { return pooled() + (projects_ ? 1 : 0); }  // the features that a head gets
  // "pixels", "tokens", "block.0", ..., "pooled", "projected"; the last two are one place without a projection.
  // UsageError at `where` for a name that the tower lacks.
  nn::Place place_named(std::string_view where, const std::string& name) const;
  std::string name_of(nn::Place place) const;

  virtual int64_t width(nn::Place place) const = 0;  // of a row of the value there
  virtual nn::Value run(nn::Value value, nn::Place from, nn::Place to, const nn::Context& context) const = 0;
  // What was kept of a place that no insert changes, with the layout that it has there. Of clips tokens are kept as
  // [B, frames, T, D].
  virtual nn::Value kept(at::Tensor x, nn::Place place) const = 0;
  // Whether values there have one shape for all examples, so that they can be kept together.
  virtual bool has_one_shape(nn::Place) const { return true; }
  // Of a clip, where it computes over time and was made for so many; 0: any number.
  virtual int64_t frames() const { return 0; }
  // A row an example, [B, E], of a value at `place`: features as they are, tokens pooled as the tower itself does it.
  virtual at::Tensor rows(const nn::Value& value) const = 0;

  // Of a tower over photos: the place whose values are read as a map where nobody says otherwise, behind all blocks;
  // none: it gives no maps. And a value at a place up to there as a map of features, [B, D, h, w] (strides as they
  // fall): a column for each patch, behind the norm that the tower pools after the last block, or convolutions' maps as
  // they are.
  virtual std::optional<nn::Place> dense() const { return {}; }
  virtual at::Tensor map(const nn::Value& value, nn::Place place) const;

  // Of a tower that reads text: what makes ids of it (null: nobody knows), the longest that it reads, in tokens, and
  // ids [...] as words [..., D] without positions.
  virtual std::shared_ptr<const text::Tokenizer> tokenizer() const { return nullptr; }
  virtual int64_t context_length() const { return 0; }
  virtual at::Tensor embed_words(const at::Tensor& ids) const;
  virtual TextReader text_reader() const;

  // Of a tower that reads images: its positions, [rows, D], stretched to images of that size.
  virtual at::Tensor positions_at(data::Size image) const;

  // In order of computation. Pointers live as long as the tower.
  virtual std::vector<nn::Joint*> joints() = 0;
  // Below which place does a parameter change nothing, by its name below the tower.
  virtual nn::Place place_of(const std::string& name) const;

  at::Tensor encode(nn::Value value, const nn::Context& context) const {  // -> [B, E]
    return run(std::move(value), 0, last(), context).x;
  }

 protected:
  Tower(int64_t blocks, bool projects, std::string input)
      : blocks_(blocks), projects_(projects), input_(std::move(input)) {}
  void check_way(nn::Place from, nn::Place to) const;  // ConfigError unless 0 <= from <= to <= last()

 private:
  int64_t blocks_;
  bool projects_;
  std::string input_;  // the name of place 0
};

}  // namespace graft::models
