#include "graft/io/protobuf.h"

#include <bit>
#include <cstring>

#include "graft/core/error.h"

namespace graft::io {
namespace {

constexpr const char* kWires[] = {"varint", "64 bits", "bytes", "group", "group", "32 bits"};

template <class Number>
void add_packed(std::span<const std::byte> bytes, std::vector<Number>& values) {
  const auto before = values.size();
  values.resize(before + bytes.size() / sizeof(Number));
  if (!bytes.empty()) std::memcpy(values.data() + before, bytes.data(), bytes.size());
}

}  // namespace

void ProtobufMessage::refuse_cut() const {
  throw FileError("protobuf", "{}: ends within a {}. Is the copy complete?", file_, kind_);
}

void ProtobufMessage::refuse_field() const {
  throw FileError("protobuf", "{}: field {} of a {} is not one that graft knows. The file is damaged, or newer.", file_,
                  field_, kind_);
}

std::uint64_t ProtobufMessage::take_varint(std::span<const std::byte>& bytes) const {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (bytes.empty()) refuse_cut();
    const auto byte = std::to_integer<std::uint64_t>(bytes.front());
    bytes = bytes.subspan(1);
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  throw FileError("protobuf", "{}: a number in a {} has more than ten bytes. The file is damaged.", file_, kind_);
}

std::uint64_t ProtobufMessage::take_fixed(std::size_t width) {
  if (rest_.size() < width) refuse_cut();
  std::uint64_t value = 0;
  std::memcpy(&value, rest_.data(), width);
  rest_ = rest_.subspan(width);
  return value;
}

bool ProtobufMessage::next() {
  if (rest_.empty()) return false;
  const auto tag = take_varint(rest_);
  if (tag >> 3 == 0 || tag >> 3 >= (std::uint64_t{1} << 29))
    throw FileError("protobuf", "{}: a {} has a field of number {}, which there cannot be. The file is damaged.", file_,
                    kind_, tag >> 3);
  field_ = static_cast<std::uint32_t>(tag >> 3);
  switch (tag & 7) {
    case 0:
      number_ = take_varint(rest_);
      break;
    case 1:
      number_ = take_fixed(8);
      break;
    case 2: {
      const auto length = take_varint(rest_);
      if (length > rest_.size()) refuse_cut();
      bytes_ = rest_.first(static_cast<std::size_t>(length));
      rest_ = rest_.subspan(static_cast<std::size_t>(length));
      break;
    }
    case 5:
      number_ = take_fixed(4);
      break;
    default:
      throw FileError("protobuf", "{}: field {} of a {} has wire type {}, which is not read. The file is damaged.",
                      file_, field_, kind_, tag & 7);
  }
  wire_ = static_cast<Wire>(tag & 7);
  return true;
}

void ProtobufMessage::need(Wire wire) const {
  if (wire == wire_) return;
  throw FileError("protobuf", "{}: field {} of a {}: expected {}, got {}. The file is damaged.", file_, field_, kind_,
                  kWires[static_cast<int>(wire)], kWires[static_cast<int>(wire_)]);
}

std::int64_t ProtobufMessage::integer() const {
  need(Wire::varint);
  return static_cast<std::int64_t>(number_);
}

float ProtobufMessage::real() const {
  need(Wire::fixed32);
  return std::bit_cast<float>(static_cast<std::uint32_t>(number_));
}

std::span<const std::byte> ProtobufMessage::bytes() const {
  need(Wire::bytes);
  return bytes_;
}

std::string ProtobufMessage::text() const {
  const auto all = bytes();
  return {reinterpret_cast<const char*>(all.data()), all.size()};
}

void ProtobufMessage::add_integers(std::vector<std::int64_t>& values) const {
  if (wire_ != Wire::bytes) return values.push_back(integer());
  for (auto rest = bytes_; !rest.empty();)
    values.push_back(static_cast<std::int64_t>(take_varint(rest)));
}

void ProtobufMessage::add_reals(std::vector<float>& values) const {
  if (wire_ != Wire::bytes) return values.push_back(real());
  if (bytes_.size() % sizeof(float) != 0) refuse_cut();
  add_packed(bytes_, values);
}

void ProtobufMessage::add_reals(std::vector<double>& values) const {
  if (wire_ != Wire::bytes) {
    need(Wire::fixed64);
    return values.push_back(std::bit_cast<double>(number_));
  }
  if (bytes_.size() % sizeof(double) != 0) refuse_cut();
  add_packed(bytes_, values);
}

}  // namespace graft::io
