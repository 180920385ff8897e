// What PyTorch's pickles mean: which of their calls are plain data, and the tensors that those calls stand for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "graft/io/pickle.h"
#include "graft/io/torch_file.h"

namespace graft::io {

// A storage as a persistent id names it. Files before PyTorch 1.0 may refer to a part of a storage.
struct StorageId {
  std::string key;
  std::optional<Dtype> dtype;        // nullopt: untyped, counted in bytes
  std::uint64_t elements = 0;        // of the whole storage
  std::uint64_t begin = 0, end = 0;  // the part that is meant, in elements

  std::size_t element_bytes() const { return dtype ? size_of(*dtype) : 1; }
};

StorageId read_storage_id(const PickleNode& persistent, std::string_view file);

// What a file may name beside its weights. Nothing is ever called: objects of a training script's classes (paths,
// dates, NumPy's arrays, settings) are passed over. A file that names what only an attack needs (os.system, eval) is
// refused.
bool may_stand_in_torch_file(std::string_view global);

// The bytes of a whole storage.
using FindStorage = std::function<std::span<const std::byte>(const StorageId&)>;

// All tensors below `root`. Strided ones are copied into memory of their own, at most `copy_budget` bytes altogether (a
// small file can describe a huge expanded tensor).
TorchFile collect_tensors(const PickleNode& root, std::string_view file, const FindStorage& find_storage,
                          std::shared_ptr<const void> owner, std::size_t copy_budget);

}  // namespace graft::io
