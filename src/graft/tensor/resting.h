// Tensors at rest: their sizes are in memory, their numbers elsewhere (a file), to be had when somebody asks. A frozen
// weight rests beside what was packed from it. Whoever reads one without asking gets an exception of libtorch, never
// wrong numbers.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace graft::tensor {

// The numbers, each time it is called; of the sizes that the tensor has, in any type. They may lie in read-only memory.
using Numbers = std::function<at::Tensor()>;

// Some rows of them, [...] int64 -> [..., D], for a table whose numbers cost time to make.
using SomeRows = std::function<at::Tensor(const at::Tensor& rows)>;

at::Tensor resting(at::IntArrayRef sizes, Numbers numbers, SomeRows some = {});  // float32
bool is_resting(const at::Tensor&);

// The tensor, or what it rests on in float32. Not to be written to.
at::Tensor numbers_of(const at::Tensor&);

// Rows of a table, in the order of `rows` [...] int64 -> [..., D]; the others are not read.
at::Tensor rows_of(const at::Tensor& table, const at::Tensor& rows);

// Gives it memory of its own, in place: every handle to it is awake then, and it may train. Its version stays.
void wake(at::Tensor&);

}  // namespace graft::tensor
