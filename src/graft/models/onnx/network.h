// A network out of an ONNX file, run on libtorch as it stands in its graph: nothing is trained or quantised.
// Computed in float32 on the CPU, halves of the file included. What the file holds that is not understood
// (operators.def) is refused by name when it is opened, all of it at once; what does not fit while it runs, with the
// node.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graft/io/onnx_file.h"
#include "graft/models/onnx/operators.h"
#include "graft/models/onnx/prepared.h"

namespace graft::models::onnx {

class Network {
 public:
  // FileError for a damaged file, ModelError for what is not understood and for nodes that read what nothing
  // gives or that wait for each other. `wanted`: names of outputs; nodes that none of them needs are not run. Empty:
  // all.
  explicit Network(io::OnnxFile file, const std::vector<std::string>& wanted = {});

  Network(Network&&) = default;
  Network(const Network&) = delete;  // steps point to nodes
  Network& operator=(const Network&) = delete;

  const std::string& name() const { return file_.name; }
  const std::vector<io::OnnxValue>& inputs() const { return file_.inputs; }
  const std::vector<io::OnnxValue>& outputs() const { return outputs_; }  // the wanted ones, in the order of `wanted`
  // The node that output i is the work of, behind those that only move its numbers (Reshape, Slice, Resize and so on);
  // null where it is an input or a constant.
  const io::OnnxNode* maker_of(size_t output) const;

  // One tensor an input, in the order of inputs(). ShapeError for one that the file does not take. May run in several
  // threads at once.
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const;

 private:
  struct Step {
    const io::OnnxNode* node;
    Compute how;
    std::vector<std::string> inputs;     // that it reads: those of the node, empty where it holds one already
    std::vector<std::string> last_used;  // values that no later step reads
  };

  void choose(const std::vector<std::string>& wanted);
  void plan();
  void compute_constants();
  void prepare();
  void note_last_uses();
  std::vector<at::Tensor> compute(const Step& step, std::vector<at::Tensor> inputs) const;

  io::OnnxFile file_;
  std::vector<io::OnnxValue> outputs_;
  std::map<std::string, at::Tensor, std::less<>> constants_;
  std::vector<const io::OnnxNode*> order_;  // of all that is needed, constants too
  std::vector<Step> steps_;
};

}  // namespace graft::models::onnx
