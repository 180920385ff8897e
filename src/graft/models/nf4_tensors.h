// Matrices as bitsandbytes stores them in four bits (NF4, Dettmers et al. 2023, arXiv:2305.14314), under the name P of
// the matrix: P holds its bytes, P.absmax, P.quant_map, with double quantisation P.nested_absmax and
// P.nested_quant_map, and P.quant_state.bitsandbytes__nf4 a JSON text with sizes and types.
#pragma once

#include <string>
#include <vector>

#include "graft/io/weights.h"
#include "graft/nn/parameters.h"
#include "graft/tensor/quantised_weight.h"

namespace graft::models {

// Whether bitsandbytes quantised it, in whichever format.
bool is_quantised_by_bitsandbytes(const io::Weights& weights, const std::string& name);

// All tensors of that matrix, by their names in the file.
std::vector<std::string> bitsandbytes_names(const io::Weights& weights, const std::string& name);

// ModelError where it is no NF4 (fp4, eight bits), its table is another one, or a part is missing or does not fit.
// Bytes and scales stay in the file where that is mapped.
tensor::QuantisedWeight read_nf4(const io::Weights& weights, const std::string& name);

// The same tensors from a weight that quantise_nf4 or read_nf4 made, for write_tensors(); bitsandbytes loads them.
void write_nf4(const tensor::QuantisedWeight& weight, const std::string& name, nn::NamedTensors& to);

}  // namespace graft::models
