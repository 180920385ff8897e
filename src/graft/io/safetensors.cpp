#include "graft/io/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/core/error.h"
#include "graft/io/mapped_file.h"

namespace graft::io {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "tensors are stored and read little-endian");

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own bound

// The header's JSON. A key given twice would silently win over the first, so it is refused.
json parse_header(std::string_view text, std::string_view file) {
  std::vector<std::set<std::string>> keys;
  std::string twice;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(value.get_ref<const std::string&>()).second) {
      twice = value.get<std::string>();
    }
    return true;
  };
  json header;
  try {
    header = json::parse(text, watch);
  } catch (const json::exception&) {
    throw FileError("safetensors", "{}: the header is not JSON. The file is damaged, or not safetensors.", file);
  }
  if (!twice.empty()) throw FileError("safetensors", "{}: the header holds '{}' twice.", file, twice);
  if (!header.is_object()) throw FileError("safetensors", "{}: the header is not a JSON object.", file);
  return header;
}

Metadata parse_metadata(const json& entries, std::string_view file) {
  if (!entries.is_object()) throw FileError("safetensors", "{}: {} is not a JSON object.", file, kMetadataKey);
  Metadata metadata;
  for (const auto& [key, value] : entries.items()) {
    if (!value.is_string()) throw FileError("safetensors", "{}: metadata '{}' is not a string.", file, key);
    metadata.emplace(key, value.get<std::string>());
  }
  return metadata;
}

// One entry of the header, checked on its own; `data` is everything after the header.
TensorView parse_tensor(const json& entry, std::span<const std::byte> data, std::string_view file,
                        std::string_view name) {
  const auto check = [&](bool holds, std::string_view what) {
    if (!holds) throw FileError("safetensors", "{}: tensor '{}': {}.", file, name, what);
  };
  const auto unsigned_list = [](const json& list) {
    return list.is_array() && std::all_of(list.begin(), list.end(), [](const json& item) {
             return item.is_number_unsigned() && item.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
           });
  };
  check(entry.is_object() && entry.size() == 3 && entry.contains("dtype") && entry.contains("shape") &&
            entry.contains("data_offsets"),
        "expected exactly dtype, shape and data_offsets");
  check(entry["dtype"].is_string(), "dtype is not a string");
  const auto dtype = dtype_named(entry["dtype"].get_ref<const std::string&>());
  check(dtype.has_value(), fmt::format("unknown dtype {}", entry["dtype"].dump()));
  check(unsigned_list(entry["shape"]), "shape is not a list of sizes");
  TensorView view;
  view.dtype = *dtype;
  view.shape = entry["shape"].get<std::vector<std::int64_t>>();
  const auto bytes = bytes_of(*dtype, view.shape);
  check(bytes.has_value(), "its shape overflows");

  check(unsigned_list(entry["data_offsets"]) && entry["data_offsets"].size() == 2,
        "data_offsets are not two positions");
  const auto begin = entry["data_offsets"][0].get<std::size_t>();
  const auto end = entry["data_offsets"][1].get<std::size_t>();
  check(begin <= end && end <= data.size(),
        fmt::format("data_offsets [{}, {}] lie outside the {} bytes of data. Is the download complete?", begin, end,
                    data.size()));
  check(end - begin == *bytes, fmt::format("{} bytes of data, its shape and dtype need {}", end - begin, *bytes));
  view.data = data.data() + begin;
  view.bytes = *bytes;
  return view;
}

// The format wants the data to be covered once, without holes: nothing may hide between tensors.
void check_covered(const TensorMap& tensors, std::span<const std::byte> data, std::string_view file) {
  std::vector<std::pair<const std::byte*, const TensorMap::value_type*>> order;
  for (const auto& tensor : tensors)
    order.emplace_back(tensor.second.data, &tensor);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second->second.bytes) < std::pair(b.first, b.second->second.bytes);
  });
  const std::byte* covered = data.data();
  for (const auto& [begin, tensor] : order) {
    if (begin != covered) {
      throw FileError("safetensors", "{}: tensor '{}' {}.", file, tensor->first,
                      begin < covered ? "overlaps another" : "is preceded by bytes of no tensor");
    }
    covered = begin + tensor->second.bytes;
  }
  const auto rest = static_cast<std::size_t>(data.data() + data.size() - covered);
  if (rest != 0) throw FileError("safetensors", "{}: {} bytes after the last tensor belong to none.", file, rest);
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return parse(bytes, std::move(file), path.string());
}

SafetensorsFile SafetensorsFile::parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                       std::string_view name) {
  std::uint64_t header_bytes = 0;
  if (bytes.size() < kLengthBytes) {
    throw FileError("safetensors", "{}: {} bytes are too few for a header. Is the download complete?", name,
                    bytes.size());
  }
  std::memcpy(&header_bytes, bytes.data(), kLengthBytes);
  bytes = bytes.subspan(kLengthBytes);
  if (header_bytes > bytes.size() && header_bytes <= kMaxHeaderBytes && !bytes.empty() && bytes[0] == std::byte{'{'}) {
    throw FileError("safetensors",
                    "{}: cut short: its header has {} bytes, {} of them are there. Is the download complete?", name,
                    header_bytes, bytes.size());
  }
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size()) {
    throw FileError("safetensors",
                    "{}: the header claims {} bytes, {} follow (at most {} are allowed). The file is damaged, or not "
                    "safetensors.",
                    name, header_bytes, bytes.size(), kMaxHeaderBytes);
  }
  const json header = parse_header({reinterpret_cast<const char*>(bytes.data()), header_bytes}, name);
  const auto data = bytes.subspan(header_bytes);

  SafetensorsFile file;
  file.name_ = name;
  for (const auto& [key, entry] : header.items()) {
    if (key == kMetadataKey) {
      file.metadata_ = parse_metadata(entry, name);
      continue;
    }
    auto view = parse_tensor(entry, data, name, key);
    view.owner = owner;
    file.tensors_.emplace(key, std::move(view));
  }
  check_covered(file.tensors_, data, name);
  return file;
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
  return find_supported(tensors_, name, name_);
}

}  // namespace graft::io
