#include <fmt/ranges.h>
#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/io/safetensors.h"

namespace graft::io {
namespace {

using nlohmann::json;

constexpr std::size_t kAlignment = 8;

// The writing order of the safetensors library: widest types first (so that all are aligned), its order within a width.
int rank_in_file(Dtype dtype) {
  switch (dtype) {
    case Dtype::u64:
      return 0;
    case Dtype::i64:
      return 1;
    case Dtype::f64:
      return 2;
    case Dtype::c64:
      return 3;
    case Dtype::f32:
      return 4;
    case Dtype::u32:
      return 5;
    case Dtype::i32:
      return 6;
    case Dtype::bf16:
      return 7;
    case Dtype::f16:
      return 8;
    case Dtype::u16:
      return 9;
    case Dtype::i16:
      return 10;
    case Dtype::f8_e8m0:
      return 11;
    case Dtype::f8_e4m3:
      return 12;
    case Dtype::f8_e5m2:
      return 13;
    case Dtype::i8:
      return 14;
    case Dtype::u8:
      return 15;
    case Dtype::boolean:
      return 16;
  }
  throw InternalError("safetensors", "no such dtype");
}

std::string quoted(const std::string& text) {
  try {
    return json(text).dump();
  } catch (const json::exception&) {
    throw FileError("safetensors", "a name or metadata text is not UTF-8, which the format cannot hold.");
  }
}

// By hand, as nlohmann would sort the keys: readers take the tensors in the order of their bytes.
std::string header_of(std::span<const NamedView* const> order, const Metadata& metadata) {
  std::string header = "{";
  if (!metadata.empty()) {
    header += fmt::format("\"{}\":{{", kMetadataKey);
    for (const auto& [key, value] : metadata)
      header += fmt::format("{}:{},", quoted(key), quoted(value));
    header.back() = '}';
    header += ',';
  }
  std::size_t offset = 0;
  for (const auto* tensor : order) {
    header += fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}},", quoted(tensor->name),
                          name_of(tensor->dtype), fmt::join(tensor->shape, ","), offset, offset + tensor->data.size());
    offset += tensor->data.size();
  }
  if (header.back() == ',') header.pop_back();
  header += '}';
  header.resize((header.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return header;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::vector<NamedView>& tensors,
                       const Metadata& metadata) {
  std::vector<const NamedView*> order;
  for (const auto& tensor : tensors) {
    GRAFT_ASSERT(tensor.name != kMetadataKey && bytes_of(tensor.dtype, tensor.shape) == tensor.data.size());
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](const NamedView* a, const NamedView* b) {
    return std::pair(rank_in_file(a->dtype), std::string_view(a->name)) <
           std::pair(rank_in_file(b->dtype), std::string_view(b->name));
  });
  std::set<std::string_view> names;
  for (const auto& tensor : tensors)
    GRAFT_ASSERT(names.insert(tensor.name).second);

  const std::string header = header_of(order, metadata);
  const std::uint64_t header_bytes = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&header_bytes, 1)));
  file.write(header);
  for (const auto* tensor : order)
    file.write(tensor->data);
  file.commit();
}

}  // namespace graft::io
