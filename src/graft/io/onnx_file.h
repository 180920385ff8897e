// ONNX model files (onnx.ai, "Open Neural Network Exchange Intermediate Representation"; onnx.proto3, IR versions 3 to
// 14): a graph of named operators with its weights. Read by a list of what is understood: dense tensors and plain
// nodes. Nodes with graphs of their own (If, Loop), functions, sparse and quantised-type tensors are refused by name.
// What an operator means is not known here (models/onnx).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "graft/io/tensor_view.h"

namespace graft::io {

struct OnnxAttribute {
  std::string name;
  std::variant<float, std::int64_t, std::string, TensorView, std::vector<float>, std::vector<std::int64_t>,
               std::vector<std::string>>
      value;
};

struct OnnxNode {
  std::string name;                          // may be empty
  std::string type;                          // "Conv"
  std::string domain;                        // of the operator set: empty is ONNX's own
  std::vector<std::string> inputs, outputs;  // empty: one that is left out
  std::vector<OnnxAttribute> attributes;

  std::string describe() const;  // "Conv node 'conv1'", for errors; of one without a name by what it gives
};

// What the file says of an input or output.
struct OnnxValue {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::optional<std::vector<std::optional<std::int64_t>>> shape;  // a length may be open, or all of it
};

struct OnnxFile {
  std::string name;  // for errors
  std::string producer;
  std::int64_t ir_version = 0;
  std::int64_t opset = 0;       // of ONNX's own operators
  std::vector<OnnxNode> nodes;  // in the file's order
  TensorMap initializers;
  std::vector<OnnxValue> inputs;  // those that no initializer gives
  std::vector<OnnxValue> outputs;

  // FileError for what is damaged or not understood. Tensors may lie in other files of the same folder.
  static OnnxFile open(const std::filesystem::path& path);
  // `owner` keeps `bytes` alive; `name` stands in errors. Tensors in other files are refused.
  static OnnxFile parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name);
};

// The type that a TensorProto's number stands for; nullopt for those that are not read.
std::optional<Dtype> onnx_dtype(std::int64_t number);
std::optional<std::int64_t> onnx_number(Dtype dtype);

}  // namespace graft::io
