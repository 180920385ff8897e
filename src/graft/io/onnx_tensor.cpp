#include "graft/io/onnx_tensor.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/io/mapped_file.h"
#include "graft/io/onnx_file.h"

namespace graft::io {
namespace {

namespace fs = std::filesystem;

// The message's fields, before it is known what they must agree to.
struct Fields {
  std::string name;
  std::vector<std::int64_t> dims;
  std::int64_t type = 0;
  std::optional<std::span<const std::byte>> raw;
  std::vector<float> reals;
  std::vector<double> doubles;
  std::vector<std::int64_t> integers;  // of int32_data or int64_data
  std::map<std::string, std::string> elsewhere;
  bool is_elsewhere = false;
};

std::pair<std::string, std::string> read_entry(ProtobufMessage entry) {
  std::pair<std::string, std::string> read;
  while (entry.next()) {
    switch (entry.field()) {
      case 1:
        read.first = entry.text();
        break;
      case 2:
        read.second = entry.text();
        break;
      default:
        entry.refuse_field();
    }
  }
  return read;
}

Fields read_fields(ProtobufMessage& message) {
  Fields fields;
  while (message.next()) {
    switch (message.field()) {
      case 1:
        message.add_integers(fields.dims);
        break;
      case 2:
        fields.type = message.integer();
        break;
      case 4:
        message.add_reals(fields.reals);
        break;
      case 5:
      case 7:
        message.add_integers(fields.integers);
        break;
      case 8:
        fields.name = message.text();
        break;
      case 9:
        fields.raw = message.bytes();
        break;
      case 10:
        message.add_reals(fields.doubles);
        break;
      case 13:
        fields.elsewhere.insert(read_entry(message.message("StringStringEntryProto")));
        break;
      case 14:
        fields.is_elsewhere = message.integer() == 1;
        break;
      case 12:
      case 16:
        break;  // remarks
      case 3:
      case 6:
      case 11:
        throw FileError(
            "onnx",
            "{}: tensor '{}' is in segments, of texts or of unsigned 64-bit numbers, which graft does not read.",
            message.file(), printable(fields.name));
      default:
        message.refuse_field();
    }
  }
  return fields;
}

template <class To>
void narrow(const std::vector<std::int64_t>& from, std::vector<std::byte>& bytes) {
  for (const auto value : from) {
    const auto number = static_cast<To>(value);
    const auto* first = reinterpret_cast<const std::byte*>(&number);
    bytes.insert(bytes.end(), first, first + sizeof number);
  }
}

template <class Number>
std::vector<std::byte> bytes_from(const std::vector<Number>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(Number));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

// The numbers of the typed fields as a dense tensor has them: halves lie as their bits in int32_data.
std::vector<std::byte> typed_bytes(const Fields& fields, Dtype dtype) {
  std::vector<std::byte> bytes;
  switch (size_of(dtype)) {
    case 8:
      return dtype == Dtype::f64 ? bytes_from(fields.doubles) : bytes_from(fields.integers);
    case 4:
      if (dtype == Dtype::f32) return bytes_from(fields.reals);
      narrow<std::int32_t>(fields.integers, bytes);
      break;
    case 2:
      narrow<std::int16_t>(fields.integers, bytes);
      break;
    default:
      narrow<std::int8_t>(fields.integers, bytes);
  }
  return bytes;
}

std::size_t number_of(const Fields& fields, const char* key, std::size_t otherwise, std::string_view file) {
  const auto found = fields.elsewhere.find(key);
  if (found == fields.elsewhere.end()) return otherwise;
  std::size_t number = 0;
  const auto* end = found->second.data() + found->second.size();
  const auto parsed = std::from_chars(found->second.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end)
    throw FileError("onnx", "{}: tensor '{}' lies in another file at {} '{}': expected a number.", file,
                    printable(fields.name), key, printable(found->second));
  return number;
}

void lay_elsewhere(const Fields& fields, std::string_view file, OnnxStorage& storage, TensorView& view) {
  const auto found = fields.elsewhere.find("location");
  const auto location = found == fields.elsewhere.end() ? "" : found->second;
  if (storage.folder.empty() || location.empty() || location == "." || location == ".." ||
      location.find_first_of(std::string_view("/\\\0", 3)) != location.npos)
    throw FileError("onnx", "{}: tensor '{}' lies in another file, '{}': expected one in the same folder.", file,
                    printable(fields.name), printable(location));
  auto& other = storage.others[location];
  if (!other) other = MappedFile::open(storage.folder / location);
  const auto offset = number_of(fields, "offset", 0, file), length = number_of(fields, "length", view.bytes, file);
  if (length != view.bytes || offset > other->bytes().size() || length > other->bytes().size() - offset)
    throw FileError("onnx",
                    "{}: tensor '{}' has {} bytes by its shape, and {} from {} on in {}, which has {}. Is the copy "
                    "complete?",
                    file, printable(fields.name), view.bytes, length, offset, printable(location),
                    other->bytes().size());
  view.data = other->bytes().data() + offset;
  view.owner = view.file = other;
}

}  // namespace

std::optional<Dtype> onnx_dtype(std::int64_t number) {
  switch (number) {
    case 1:
      return Dtype::f32;
    case 2:
      return Dtype::u8;
    case 3:
      return Dtype::i8;
    case 5:
      return Dtype::i16;
    case 6:
      return Dtype::i32;
    case 7:
      return Dtype::i64;
    case 9:
      return Dtype::boolean;
    case 10:
      return Dtype::f16;
    case 11:
      return Dtype::f64;
    case 16:
      return Dtype::bf16;
    default:
      return std::nullopt;
  }
}

std::optional<std::int64_t> onnx_number(Dtype dtype) {
  for (std::int64_t number = 1; number <= 16; ++number) {
    if (onnx_dtype(number) == dtype) return number;
  }
  return {};
}

std::pair<std::string, TensorView> read_onnx_tensor(ProtobufMessage message, OnnxStorage& storage) {
  auto fields = read_fields(message);
  const auto refuse = [&](const std::string& what) {
    throw FileError("onnx", "{}: tensor '{}' {}", message.file(), printable(fields.name), what);
  };
  const auto dtype = onnx_dtype(fields.type);
  if (!dtype) refuse(fmt::format("is of ONNX's type {}, which graft does not read.", fields.type));
  TensorView view{.dtype = *dtype, .shape = fields.dims, .owner = storage.owner};
  for (const auto extent : view.shape)
    if (extent < 0) refuse(fmt::format("has a length of {}.", extent));
  const auto size = bytes_of(*dtype, view.shape);
  if (!size) refuse("is larger than there can be.");
  view.bytes = *size;
  if (fields.is_elsewhere) {
    lay_elsewhere(fields, message.file(), storage, view);
  } else if (fields.raw) {
    if (fields.raw->size() != view.bytes)
      refuse(fmt::format("has {} bytes, where its shape asks for {}. Is the copy complete?", fields.raw->size(),
                         view.bytes));
    view.data = fields.raw->data();
    view.file = storage.file;
  } else {
    auto held = std::make_shared<const std::vector<std::byte>>(typed_bytes(fields, *dtype));
    if (held->size() != view.bytes)
      refuse(fmt::format("has {} numbers, where its shape asks for {}. Is the copy complete?",
                         held->size() / size_of(*dtype), view.bytes / size_of(*dtype)));
    view.data = held->data();
    view.owner = std::move(held);
  }
  return {std::move(fields.name), std::move(view)};
}

}  // namespace graft::io
