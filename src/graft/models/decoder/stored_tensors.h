// The tensors of a decoder by transformers' names ("model.layers.0.self_attn.q_proj.weight"), whatever file they lie
// in and however that holds them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graft/io/weights.h"
#include "graft/tensor/quantised_weight.h"
#include "graft/tensor/resting.h"

namespace graft::models::decoder {

struct StoredTensor {
  std::vector<int64_t> shape;
  tensor::Numbers numbers = {};  // of that shape, in any type
  tensor::SomeRows some = {};    // some rows of a table; none: through `numbers`
  bool rests = false;            // its numbers can be had again and again, and need not be held
  // A matrix as it lies; it stays so where it takes fewer bits than a float16 has. `numbers` give what it is worth.
  std::shared_ptr<const tensor::QuantisedWeight> quantised = {};
  std::string name = {};  // in the file, for messages
};
using StoredTensors = std::map<std::string, StoredTensor>;

StoredTensors stored_in(const io::Weights& weights);

}  // namespace graft::models::decoder
