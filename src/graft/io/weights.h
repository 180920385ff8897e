// The tensors of a checkpoint by name, whatever it is stored as: one safetensors file, shards with an index, PyTorch's
// files. What is asked for is a view into the file; it stays valid as long as the view (its owner) lives.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/io/safetensors.h"
#include "graft/io/tensor_view.h"

namespace graft::io {

class Weights {
 public:
  // A .safetensors file, a *.index.json with its shards beside it, a PyTorch file, a GGUF or one of llama2.c's; told
  // apart by their bytes. A GGUF's blocks are bytes here, [..., bytes of a row] (gguf.h tells what they mean), and of
  // its metadata there is "general.architecture".
  static Weights open(const std::filesystem::path& path);
  // Several files that make one checkpoint; a name in two of them is an error.
  static Weights open(std::span<const std::filesystem::path> paths);
  explicit Weights(std::string name, TensorMap tensors, Metadata metadata = {}, std::vector<std::string> wrappers = {});

  const std::string& name() const { return name_; }  // the file, for messages
  const TensorMap& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }

  // find: nullptr when absent; at: FileError with the nearest name. Both: FileError for a dtype that is not supported.
  const TensorView* find(std::string_view name) const;
  const TensorView& at(std::string_view name) const;

  // Training scripts wrap the weights in a dictionary: {"state_dict": {...}, "optimizer": {...}}. These are the keys
  // that hold tensors here, the usual ones for weights first; empty for a plain file.
  const std::vector<std::string>& wrappers() const { return wrappers_; }
  // The tensors below that key, without the "module." that DataParallel puts before every name.
  Weights unwrapped(std::string_view wrapper) const;
  // The same below the first wrapper, if that is a usual one or all there is; else as they are.
  Weights unwrapped() const;

 private:
  std::string name_;
  TensorMap tensors_;
  Metadata metadata_;
  std::vector<std::string> wrappers_;
};

// The files that hold a checkpoint's bytes: itself, or the shards that an index names.
std::vector<std::filesystem::path> checkpoint_files(const std::filesystem::path& path);

}  // namespace graft::io
