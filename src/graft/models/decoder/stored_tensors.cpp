#include "graft/models/decoder/stored_tensors.h"

#include <torch/types.h>

#include "graft/models/checkpoint.h"

namespace graft::models::decoder {

StoredTensors stored_in(const io::Weights& weights) {
  StoredTensors all;
  for (const auto& [name, view] : weights.tensors()) {
    // Asked for through `weights`, which refuses a type that is not read.
    const auto numbers = [&weights, name] { return view_of(*weights.find(name)); };
    const auto of_file = [view = view] { return view_of(view); };
    const bool read = io::is_supported(view.dtype);
    all.emplace(name, StoredTensor{.shape = view.shape,
                                   .numbers = read ? tensor::Numbers(of_file) : tensor::Numbers(numbers),
                                   .rests = view.file != nullptr,
                                   .name = name});
  }
  return all;
}

}  // namespace graft::models::decoder
