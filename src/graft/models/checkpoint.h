// From a checkpoint's tensors to ours, and back. A family asks for each of its parameters by the checkpoint's names;
// what it does not ask for, and what does not fit, is collected, and told at once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "graft/io/weights.h"
#include "graft/nn/parameters.h"

namespace graft::models {

// Where a parameter of ours came from: rows [begin, begin + rows) of it are the checkpoint's tensor.
struct Origin {
  std::string ours;
  std::string theirs;
  std::vector<int64_t> shape;  // in the checkpoint
  int64_t begin = 0;
  int64_t rows = 0;
  bool transposed = false;  // the checkpoint holds [in, out]
};

// How a checkpoint holds a matrix.
struct Stored {
  std::vector<int64_t> shape = {};  // of each of its tensors, where that is not the matrix's own
  bool transposed = false;          // [in, out]
};

class CheckpointReader {
 public:
  // `prefix` stands before every name that is asked for ("vit.", "backbone.").
  CheckpointReader(const io::Weights& weights, std::string prefix = "");

  bool has(const std::string& theirs) const;
  // The shape of a tensor that the caller cannot do without: ModelError where it is absent.
  std::vector<int64_t> shape(const std::string& theirs) const;
  // How many blocks "PREFIX0.", "PREFIX1.", ... there are.
  int64_t count(const std::string& prefix) const;

  // The parameter `ours`, of `shape`, float32. The checkpoint may hold it in another shape of the same rows ([1, 1, D]
  // for [D]), or transposed.
  at::Tensor take(const std::string& ours, const std::string& theirs, std::vector<int64_t> shape);
  at::Tensor take_as(const std::string& ours, const std::string& theirs, std::vector<int64_t> shape,
                     std::vector<int64_t> stored);
  // A parameter that the checkpoint does not hold, and that is written under that name.
  at::Tensor make(const std::string& ours, const std::string& theirs, at::Tensor value);
  // The same from several tensors of equal height, one under the other (the biases of q, k and v).
  at::Tensor take_stacked(const std::string& ours, const std::vector<std::string>& theirs, std::vector<int64_t> shape);
  // The matrix of a frozen map, of one tensor or of several one under the other. Out of a mapped file it comes at rest:
  // it is read anew when its numbers are asked for, and not held. One that bitsandbytes stored as NF4 stays that.
  at::Tensor take_matrix(const std::string& ours, const std::vector<std::string>& theirs, std::vector<int64_t> shape,
                         Stored stored = {});
  // A table of which a few rows are read (words); the same otherwise.
  at::Tensor take_table(const std::string& ours, const std::string& theirs, std::vector<int64_t> shape);

  // Known, and of no use here ("head.*", "pooler.*"): whole names, or beginnings that end in a star.
  void ignore(const std::vector<std::string>& patterns);
  const std::vector<std::string>& ignored() const { return ignored_; }

  // All that is missing, unexpected or misshapen: one ModelError, which calls the checkpoint a `what` ("CLIP,
  // open_clip").
  std::vector<Origin> finish(const std::string& what);

  std::string full(const std::string& theirs) const { return prefix_ + theirs; }  // its name in the file

 private:
  const io::TensorView* find(const std::string& theirs, const std::vector<int64_t>& stored);  // null: noted as wrong
  at::Tensor read(const std::string& theirs, const std::vector<int64_t>& stored);
  at::Tensor take_quantised(const std::vector<std::string>& theirs, const std::vector<int64_t>& shape);

  const io::Weights& weights_;
  std::string prefix_;
  std::set<std::string> taken_;
  std::vector<std::string> ignored_, wrong_;
  std::vector<Origin> origins_;
};

// The checkpoint's tensors, made of the parameters by our names.
nn::NamedTensors to_checkpoint(const std::vector<Origin>& origins, const nn::NamedTensors& parameters);

// PyTorch's name for a type of a file. InternalError for one that readers refuse.
at::ScalarType scalar_type(io::Dtype dtype);

// A copy of a tensor in a file, in float32.
at::Tensor to_float(const io::TensorView& view);
// A tensor in a file, in its own type and without a copy where the file is mapped. Read-only; pages that are read stay
// ours while it lives.
at::Tensor view_of(const io::TensorView& view);

}  // namespace graft::models
