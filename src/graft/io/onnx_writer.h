// ONNX model files (onnx.proto3), as io/onnx_file.h reads them back.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "graft/io/onnx_file.h"

namespace graft::io {

// Names of open lengths: of the first dimension of every input and output that leaves it open.
inline constexpr const char* kOpenLength = "batch";

// Atomic: on any failure the file is as it was before. `metadata` is what readers may know of the whole ("classes").
// FileError for more than the 2 GB that a protobuf holds.
void write_onnx(const std::filesystem::path& path, const OnnxFile& file,
                const std::map<std::string, std::string>& metadata = {});

}  // namespace graft::io
