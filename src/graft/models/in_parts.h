// Very many rows computed a part at a time: the forward keeps the results alone, the backward runs each part again
// (Chen et al. 2016, arXiv:1604.06174, across rows and not across layers).
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace graft::models {

// Rows [begin, begin + count) of the result.
using Part = std::function<at::Tensor(int64_t begin, int64_t count)>;

// All `rows`, `at_once` of them a part. Gradients reach those of `parameters` that train; `generator` draws the same
// when a part runs again.
at::Tensor in_parts(int64_t rows, int64_t at_once, const Part& part, const std::vector<at::Tensor>& parameters,
                    const std::optional<at::Generator>& generator);

}  // namespace graft::models
