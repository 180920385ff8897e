// Keys and values of tokens already read, so that what follows them need not read them again: one sequence, or several
// that begin alike and share that beginning. And those that nobody read, which a method has put there.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "graft/nn/joint.h"
#include "graft/tensor/attention.h"

namespace graft::nn {

class KeyValueCache {
 public:
  // `limit`: the model's context; what would pass it is a DataError.
  KeyValueCache(int64_t layers, int64_t limit);

  int64_t length() const { return rows() - begun_; }   // tokens held of each sequence
  int64_t shared() const { return shared_ - begun_; }  // of which so many are held once for all
  int64_t rows() const { return shared_ + own_; }      // with what stands before every sequence
  int64_t limit() const { return limit_; }
  int64_t bytes() const;

  // Before anything is read: keys and values [1, heads, P, d] of a layer that stand before every sequence; all layers
  // have as many.
  void put_before(int64_t layer, const at::Tensor& keys, const at::Tensor& values);
  // What is held now stands before every sequence and is no token of any: sequences begin here.
  void begin();

  // For any number of sequences that go on from here: what is held is held once for all of them. Of one sequence alone.
  KeyValueCache fork() const;
  // Back to the first `length` tokens.
  void truncate(int64_t length);
  // Room for `tokens` more; DataError that says of what where the context has none.
  void expect(int64_t tokens) const;

  // Of a layer: what all sequences share [1, heads, P, d], undefined where P is 0, and what is each one's own.
  struct Seen {
    at::Tensor shared_keys, shared_values;
    at::Tensor keys, values;  // [B, own + T, heads d]
  };
  // keys, values [B, T, heads d] of the tokens that are read now; advance() once all layers have them.
  Seen append(int64_t layer, const at::Tensor& keys, const at::Tensor& values, int64_t heads);
  void advance(int64_t tokens) { own_ += tokens; }

 private:
  struct Layer {
    at::Tensor shared_keys, shared_values;  // [1, heads, P, d]
    at::Tensor keys, values;                // [B, capacity, heads d]
    int64_t heads = 0;
  };

  std::vector<Layer> layers_;
  int64_t limit_, shared_ = 0, own_ = 0, begun_ = 0;
};

// How an attention sees what sits at its keys and values: nothing else is set yet. `like` is of the stream.
tensor::AttentionOptions attention_behind(const Joint& key_values, const at::Tensor& like, const Context& context);

}  // namespace graft::nn
