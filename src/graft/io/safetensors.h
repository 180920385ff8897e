// The safetensors format (Hugging Face, 2022): 8 bytes of header length, a JSON header, the tensors' bytes without
// holes. Everything is checked when the file is opened; a view handed out later is in bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graft/io/tensor_view.h"

namespace graft::io {

inline constexpr std::string_view kMetadataKey = "__metadata__";  // of the header: texts, and no tensor

using Metadata = std::map<std::string, std::string, std::less<>>;

class SafetensorsFile {
 public:
  static SafetensorsFile open(const std::filesystem::path& path);
  // `owner` keeps `bytes` alive; `name` stands in errors.
  static SafetensorsFile parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                               std::string_view name);

  // nullptr when absent; FileError when its dtype is one that graft does not read.
  const TensorView* find(std::string_view name) const;
  const TensorMap& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }

 private:
  std::string name_;
  TensorMap tensors_;
  Metadata metadata_;
};

// What to write: dense, row-major bytes of shape x dtype.
struct NamedView {
  std::string name;
  Dtype dtype = Dtype::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
};

// Atomic: on any failure the file is as it was before. Same tensors and metadata, same bytes.
void write_safetensors(const std::filesystem::path& path, const std::vector<NamedView>& tensors,
                       const Metadata& metadata = {});

}  // namespace graft::io
