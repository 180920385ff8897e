// A decoder with what it learned, in the GGUF that it was read from: metadata as it lies there, the vocabulary and the
// chat template among it, and every tensor under its name, matrices in one type. What nobody changed is converted from
// the numbers of the file.
#pragma once

#include <cstdint>
#include <filesystem>

#include "graft/io/gguf_types.h"
#include "graft/models/model.h"

namespace graft::pipelines::language {

struct WrittenGguf {
  int64_t tensors = 0;
  int64_t changed = 0;
};
// Matrices in F32, F16, BF16, or Q8_0 where a row is whole blocks of 32 (F16 where not); vectors in F32. Inserts are
// folded before. ModelError for a model that was read from another file than a GGUF.
WrittenGguf write_gguf_model(const std::filesystem::path& file, const models::Model& model, io::GgmlType type);

}  // namespace graft::pipelines::language
