// Keys and values of tokens already read, so that what follows them need not read them again: one sequence, or several
// that begin alike and share that beginning.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace graft::nn {

class KeyValueCache {
 public:
  // `limit`: the model's context; what would pass it is a DataError.
  KeyValueCache(int64_t layers, int64_t limit);

  int64_t length() const { return shared_ + own_; }  // tokens held of each sequence
  int64_t shared() const { return shared_; }         // of which so many are held once for all
  int64_t limit() const { return limit_; }
  int64_t bytes() const;

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
  int64_t limit_, shared_ = 0, own_ = 0;
};

}  // namespace graft::nn
