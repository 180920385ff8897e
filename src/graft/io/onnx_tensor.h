// A TensorProto of an ONNX file as a dense tensor, whichever of its fields the numbers lie in.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "graft/io/protobuf.h"
#include "graft/io/tensor_view.h"

namespace graft::io {

// Where the file's own bytes lie, and those that it names beside itself.
struct OnnxStorage {
  std::shared_ptr<const void> owner;
  std::shared_ptr<const MappedFile> file;  // null: in memory
  std::filesystem::path folder;            // of tensors in other files; empty: there are none to be had
  std::map<std::string, std::shared_ptr<const MappedFile>> others = {};
};

// -> its name, and what it holds. FileError for a type that is not read and for numbers that are too many or too few.
std::pair<std::string, TensorView> read_onnx_tensor(ProtobufMessage message, OnnxStorage& storage);

}  // namespace graft::io
