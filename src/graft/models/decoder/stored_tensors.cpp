#include "graft/models/decoder/stored_tensors.h"

#include <torch/types.h>

#include <set>

#include "graft/models/checkpoint.h"
#include "graft/models/nf4_tensors.h"

namespace graft::models::decoder {

StoredTensors stored_in(const io::Weights& weights) {
  StoredTensors all;
  std::set<std::string> of_quantised;
  for (const auto& [name, view] : weights.tensors()) {
    if (of_quantised.contains(name)) continue;
    if (is_quantised_by_bitsandbytes(weights, name)) {
      const auto matrix = std::make_shared<const tensor::QuantisedWeight>(read_nf4(weights, name));
      all.emplace(name, StoredTensor{.shape = {matrix->rows, matrix->columns},
                                     .numbers = [matrix] { return tensor::dequantise(*matrix); },
                                     .rests = true,
                                     .quantised = matrix,
                                     .name = name});
      for (const auto& part : bitsandbytes_names(weights, name))
        of_quantised.insert(part);
      continue;
    }
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
